from types import SimpleNamespace

import pytest

from physml.tasks.single_process import refuse_several_processes


def test_one_process_passes_and_two_do_not():
    refuse_several_processes(SimpleNamespace(trainer=SimpleNamespace(world_size=1)))
    with pytest.raises(ValueError, match=r"expected one process, as SimpleNamespace solves for its weights .* got 2"):
        refuse_several_processes(SimpleNamespace(trainer=SimpleNamespace(world_size=2)))


@pytest.mark.parametrize("experiment", ["paper/brunton2016_lorenz", "paper/raissi2019_burgers"])
def test_the_tasks_that_solve_refuse_two_processes(process, tmp_path, experiment):
    words = (f"experiment={experiment}", "trainer=ddp_cpu", "logger=csv", "data.train=8", "data.batch_size=1")
    done = process("train", *words, folder=tmp_path)
    assert done.code == 1
    assert "expected one process" in done.err
    assert "Traceback" not in done.err
