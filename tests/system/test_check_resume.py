"""Trainings that are really killed, and what the check says about them."""

from physml.data.epochs import EpochLoader
from physml.runs import interruption


def test_a_killed_training_ends_as_an_uninterrupted_one(command, toy, tmp_path):
    words = [word for word in toy if not word.startswith(("trainer", "logger"))]
    done = command("check", "resume", "kills=2", *words, "trainer=cpu", OMP_NUM_THREADS="1")
    assert done.code == 0, done.err
    first, second, last = done.out.splitlines()
    assert first.startswith("kill 1: while it wrote a checkpoint, last.ckpt is of step ")
    assert second.startswith("kill 2: within an epoch, ")
    assert last == "ok: toy: killed and resumed, it ends in the same checkpoints, log and results, bit by bit"
    assert not list(tmp_path.iterdir())


def test_a_lost_position_is_found(command, toy, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        f"from {EpochLoader.__module__} import EpochLoader\nEpochLoader.load_state_dict = lambda self, state: None\n"
    )
    words = [word for word in toy if not word.startswith(("trainer", "logger"))]
    environment = {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(tmp_path)}
    done = command("check", "resume", "kills=1", *words, "trainer=cpu", **environment)
    assert done.code == 1
    assert "state_dict/network" in done.err


def test_a_training_that_was_never_killed_proves_nothing(command, toy, monkeypatch):
    monkeypatch.setattr(interruption, "_kill", lambda *_, **__: False)
    words = [word for word in toy if not word.startswith(("trainer", "logger"))]
    done = command("check", "resume", "kills=1", *words, "trainer=cpu", OMP_NUM_THREADS="1")
    assert done.code == 1
    assert done.complaint == "expected a training to kill, got one that ended before: train longer"


def test_mistakes(command):
    assert command("check", "resume", "kills=no").complaint == "kills=no: expected a positive whole number"
    assert "did you mean 'resume'?" in command("check", "resum").complaint
