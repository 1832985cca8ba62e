import json
import signal
from importlib import import_module

import pytest

from physml.callbacks.last_checkpoint import LastCheckpoint


@pytest.fixture
def number(request):
    """A signal that does nothing if the training does not answer it."""
    number = getattr(request, "param", signal.SIGTERM)
    before = signal.signal(number, ignored)
    yield number
    assert signal.getsignal(number) is ignored, "the handler of others did not come back"
    signal.signal(number, before)


def ignored(number, frame):
    pass


@pytest.fixture
def signalled(command, toy, tmp_path, monkeypatch, number):
    """Train in ``run`` with the signal sent in some hook."""

    def run(owner, hook):
        with monkeypatch.context() as patch:
            patch.setattr(owner, hook, lambda *_, **__: signal.raise_signal(number))
            done = command("train", *toy, f"hydra.run.dir={tmp_path / 'run'}")
        assert done.code == 128 + number
        name, _, said = done.complaint.partition(": ")
        assert name == number.name
        return said

    return run


TRAINED = "the training is finished, its test is not; physml train run={run} tests it"


@pytest.mark.parametrize(
    ("number", "hook", "said"),
    [
        (signal.SIGTERM, "on_fit_start", "no checkpoint was written yet; physml train run={run} begins again"),
        (signal.SIGTERM, "on_fit_end", "the state is saved; physml train run={run} goes on"),
        (signal.SIGTERM, "on_test_batch_start", TRAINED),
        (signal.SIGUSR1, "on_test_batch_start", TRAINED),
        (signal.SIGUSR2, "on_test_start", TRAINED),
    ],
    indirect=["number"],
)
def test_a_signal_beside_the_training_costs_nothing(command, toy_run, tmp_path, signalled, hook, said):
    run = tmp_path / "run"
    assert signalled(LastCheckpoint, hook) == said.format(run=run)
    done = command("train", f"run={run}")
    assert (done.code, done.err) == (0, "")
    found, expected = (json.loads((each / "results.json").read_text()) for each in (run, toy_run))
    assert all(found[key] == expected[key] for key in ("metrics", "steps", "epochs", "best"))


def test_a_signal_after_the_results_says_that_they_are_there(signalled):
    said = "the training is finished, and its results are written"
    assert signalled(import_module("physml.runs.train"), "_draw_curves") == said


def test_a_job_is_queued_again(signalled, monkeypatch):
    monkeypatch.setattr("physml.runs.train.requeue", lambda: True)
    said = signalled(LastCheckpoint, "on_test_batch_start")
    assert said == "the training is finished, its test is not; the job is queued again"


def test_the_processes_of_ddp_do_not_wait_for_each_other(command, toy, monkeypatch):
    answers = []
    monkeypatch.setattr(
        LastCheckpoint, "on_test_batch_start", lambda *_, **__: answers.append(signal.getsignal(signal.SIGTERM))
    )
    assert command("train", *toy, "trainer=smoke").code == 0
    assert [answer.__module__ for answer in answers] == ["physml.runs.stopping"]  # and not Lightning's
