import os
import subprocess
import sys
import threading

import pytest

from physml.runs import gpus
from physml.runs.gpus import leased, own_gpus, visible_gpus


@pytest.fixture(autouse=True)
def at_once(monkeypatch, tmp_path):
    monkeypatch.setattr(gpus, "PAUSE", 0.01)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def test_nobody_gets_what_another_one_holds(tmp_path):
    with leased(1, ["4", "5", "6"], tmp_path) as first, leased(2, ["4", "5", "6"], tmp_path) as others:
        assert sorted(first + others) == ["4", "5", "6"]
    with leased(3, ["4", "5", "6"], tmp_path) as again:
        assert again == ["4", "5", "6"]


def test_who_finds_none_waits_for_the_first_that_is_free(tmp_path):
    got, looked = [], threading.Event()

    def wait():
        looked.set()
        with leased(1, ["0", "1"], tmp_path) as mine:
            got.append(mine)

    with leased(1, ["0", "1"], tmp_path):
        with leased(1, ["0", "1"], tmp_path) as second:
            waiting = threading.Thread(target=wait)
            waiting.start()
            looked.wait()
            assert got == []
        waiting.join(10)
        assert got == [second]


def test_those_who_wait_for_several_hold_none_meanwhile(tmp_path):
    first = leased(1, ["0", "1"], tmp_path)
    first.__enter__()
    both = threading.Thread(target=lambda: leased(2, ["0", "1"], tmp_path).__enter__(), daemon=True)
    both.start()
    with leased(1, ["0", "1"], tmp_path) as mine:
        assert mine == ["1"]
    first.__exit__(None, None, None)
    both.join(10)
    assert not both.is_alive()


def test_the_gpus_of_a_process_that_died_are_free(tmp_path):
    lease = "from physml.runs.gpus import leased; held = leased(1, ['0'], pathlib.Path(sys.argv[1])); held.__enter__()"
    subprocess.run([sys.executable, "-c", f"import os, pathlib, sys; {lease}; os._exit(9)", str(tmp_path)], check=False)
    with leased(1, ["0"], tmp_path) as mine:
        assert mine == ["0"]


@pytest.mark.parametrize(
    ("trainer", "seen"),
    [
        ({"devices": 1}, "1"),
        ({"accelerator": "cuda", "devices": 2}, "1,GPU-7"),
        ({"accelerator": "cpu", "devices": 1}, "0,1,GPU-7"),
    ],
)
def test_a_trial_sees_as_many_as_its_trainer_asks_for(monkeypatch, trainer, seen):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0, 1, GPU-7")
    assert visible_gpus() == ["0", "1", "GPU-7"]
    with own_gpus({"accelerator": "cuda", "devices": 1}):
        assert os.environ["CUDA_VISIBLE_DEVICES"] == "0"
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,GPU-7")  # what another trial is started with
        with own_gpus(trainer):
            assert os.environ["CUDA_VISIBLE_DEVICES"] == seen


def test_all_are_taken_where_all_are_asked_for_or_more(monkeypatch):
    for devices in (-1, "auto", 5):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
        with own_gpus({"accelerator": "gpu", "devices": devices}):
            assert os.environ["CUDA_VISIBLE_DEVICES"] == "0,1"


def test_minus_one_and_what_follows_are_no_gpus(monkeypatch):
    for named, usable in (("-1", []), ("0,-1,1", ["0"]), ("", [])):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
        assert visible_gpus() == usable


def test_links_that_somebody_has_laid_are_not_followed(tmp_path):
    precious, leases, link = tmp_path / "precious", tmp_path / "leases", tmp_path / "link"
    precious.write_text("kept")
    leases.mkdir()
    (leases / "0").symlink_to(precious)
    with pytest.raises(OSError, match="symbolic links"), leased(1, ["0"], leases):
        pass
    link.symlink_to(leases)
    with pytest.raises(PermissionError, match="is another user's, expected your own"), leased(1, ["0"], link):
        pass
    assert precious.read_text() == "kept"
