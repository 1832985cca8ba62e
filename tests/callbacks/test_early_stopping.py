import pytest
import torch


@pytest.fixture
def killed(trained, toy):
    """A run that has stopped early, after three of twenty epochs, and was killed before its results were written."""
    stop = ["callbacks=[default,early_stopping]", "callbacks.early_stopping.patience=2", "task.optimizer.lr=0.0"]
    run = trained(*toy, *stop, "trainer.max_epochs=20")
    assert epoch(run) == 2
    (run / "results.json").unlink()
    return run


def epoch(run):
    return torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["epoch"]


def test_a_resumed_training_stays_stopped(command, killed):
    log = (killed / "metrics.csv").read_text()
    assert command("train", f"run={killed}").code == 0
    assert epoch(killed) == 2
    assert (killed / "metrics.csv").read_text() == log
    assert (killed / "results.json").exists()


def test_it_goes_on_if_it_is_to_wait_longer(command, killed):
    assert command("train", f"run={killed}", "callbacks.early_stopping.patience=4", "--force").code == 0
    assert epoch(killed) == 4
