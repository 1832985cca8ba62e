"""Two processes that share the weights leave the checkpoints that one process leaves, and go on from them."""

import pytest
import torch

import physml

TWO = ["trainer=fsdp", "trainer.accelerator=cpu", "trainer.devices=2", "data.batch_size=4"]
ONE = ["trainer=cpu", "data.batch_size=8"]
STRATEGY = "{_target_: lightning.pytorch.strategies.ModelParallelStrategy, save_distributed_checkpoint: false}"
ALONE = ["trainer.devices=1", "trainer.strategy=auto", "data.batch_size=8"]
TOGETHER = ["trainer.devices=2", f"+trainer.strategy={STRATEGY}", "data.batch_size=4"]


def state(run):
    return torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)


@pytest.fixture
def straight(trained, toy):
    """Two epochs by one process."""
    return state(trained(*toy, *ONE, folder="straight"))


@pytest.mark.parametrize(("first", "then"), [(TWO, ALONE), (ONE, TOGETHER)], ids=["two_then_one", "one_then_two"])
def test_a_training_goes_on_with_another_number_of_processes(process, toy, straight, tmp_path, first, then):
    begun = process("train", *toy, *first, "trainer.max_epochs=1", folder=tmp_path)
    assert begun.code == 0, begun.err
    assert begun.err == ""
    begin = state(begun.run_dir)
    loaded = physml.load(begun.run_dir / "checkpoints" / "last.ckpt").state_dict()
    assert all(torch.equal(value, loaded[name]) for name, value in begin["state_dict"].items())

    words = [f"run={begun.run_dir}", *then, "trainer.max_epochs=2", "--force"]
    done = process("train", *words, folder=tmp_path)
    assert done.code == 0, done.err
    end = state(begun.run_dir)
    assert end["global_step"] == straight["global_step"] == 2 * begin["global_step"]
    for name, value in straight["state_dict"].items():
        torch.testing.assert_close(end["state_dict"][name], value, rtol=1e-4, atol=1e-6)
        assert not torch.equal(begin["state_dict"][name], value)
    for number, expected in straight["optimizer_states"][0]["state"].items():
        for name, value in expected.items():
            torch.testing.assert_close(end["optimizer_states"][0]["state"][number][name], value, rtol=1e-3, atol=1e-8)
