import csv
import fcntl
import json
import os
import shutil
import signal

import pytest
import torch
import yaml

from physml.callbacks.last_checkpoint import LastCheckpoint


@pytest.fixture
def stopped(command, toy, tmp_path, monkeypatch):
    """A run that a signal has stopped after four of its eight steps."""
    with monkeypatch.context() as patch:
        patch.setattr(LastCheckpoint, "_agreed", lambda self, trainer: (signal.SIGTERM, True))
        done = command("train", *toy, f"hydra.run.dir={tmp_path / 'run'}", "trainer.log_every_n_steps=4")
    assert done.code == 143
    assert done.complaint == f"SIGTERM: the state is saved; physml train run={tmp_path / 'run'} goes on"
    assert step(tmp_path / "run") == 1
    return tmp_path / "run"


def step(run):
    return torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["global_step"]


def test_a_stopped_run_goes_on_in_its_directory(command, stopped, toy):
    done = command("train", f"run={stopped}")
    assert (done.code, done.err) == (0, "")
    assert done.run_dir == stopped
    assert step(stopped) == 8
    assert json.loads((stopped / "results.json").read_text())["steps"] == 8
    again = command("train", f"run={stopped}")
    assert (again.code, again.out) == (0, f"{stopped} is finished: physml eval run={stopped} tests it again\n")
    assert command("train", f"run={stopped}", "trainer.max_epochs=3", "--force").code == 0
    assert json.loads((stopped / "results.json").read_text())["steps"] == 12


def test_the_same_command_goes_on_with_resume_auto(command, stopped, toy):
    words = [*toy, f"hydra.run.dir={stopped}", "trainer.log_every_n_steps=4"]
    assert "holds an earlier run" in command("train", *words).complaint
    other = command("train", *words, "resume=auto", "task.optimizer.lr=0.5")
    assert (other.code, other.err.splitlines()[0]) == (2, "physml: task.optimizer.lr: 0.001 → 0.5")
    assert command("train", *words, "resume=auto").code == 0
    assert step(stopped) == 8
    assert command("train", *words, "resume=auto").out == f"{stopped} is finished\n"


def test_another_config_needs_force(command, stopped):
    refused = command("train", f"run={stopped}", "trainer.max_epochs=3")
    assert refused.code == 2
    assert refused.err.splitlines() == [
        "physml: trainer.max_epochs: 2 → 3",
        "physml: the run was begun with another config: --force goes on with the new one",
    ]
    assert command("train", f"run={stopped}", "trainer.max_epochs=3", "--force").code == 0
    assert step(stopped) == 12
    assert yaml.safe_load((stopped / "config.yaml").read_text())["trainer"]["max_epochs"] == 3


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run=nowhere"], "no config.yaml in it: expected the directory of a run"),
        (["run={run}", "trainer.max_epoch=3", "--force"], "max_epoch"),
        (["run={run}", "fast"], "'fast': expected key=value"),
        (["run={run}", "+trainer.max_tim=1", "--force"], "trainer.max_tim: Trainer takes no"),
    ],
)
def test_mistakes(command, stopped, words, message):
    done = command("train", *(word.format(run=stopped) for word in words))
    assert done.code == 2
    assert message in done.complaint


def test_resume_takes_three_words(command, toy):
    assert command("train", *toy, "resume=yes").complaint.startswith("resume=yes: expected never, auto, or force")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("task.network", {"_target_": "os.system", "command": "touch evil"}),
        ("trainer", {"_target_": "subprocess.call", "args": ["touch", "evil"]}),
        ("callbacks.evil", {"_target_": "os.system", "command": "touch evil"}),
        ("callbacks.evil", {"_target_": "physml.callbacks.last_checkpoint.signal.os.system", "command": "touch evil"}),
        ("data.source", "${oc.env:HOME}"),
        ("monitor.name", "${oc.env:HOME}"),
        ("logger.csv.directory", "/tmp"),
    ],
)
def test_a_run_of_a_stranger_runs_no_code(command, stopped, tmp_path, place, value):
    config = yaml.safe_load((stopped / "config.yaml").read_text())
    *parents, name = place.split(".")
    node = config
    for parent in parents:
        node = node[parent]
    node[name] = value
    (stopped / "config.yaml").write_text(yaml.safe_dump(config))
    done = command("train", f"run={stopped}", "--force")
    assert done.code == 2
    assert f"{os.environ['HOME']}" not in done.err.replace(str(tmp_path), "")
    assert not list(tmp_path.rglob("evil"))
    assert step(stopped) == 1


@pytest.mark.parametrize("place", ["metrics.csv", "figures", "checkpoints/more"])
def test_a_run_of_a_stranger_writes_nowhere_else(command, stopped, tmp_path, place):
    outside = tmp_path / "mine.txt"
    outside.write_text("mine")
    (stopped / place).unlink(missing_ok=True)
    (stopped / place).symlink_to(outside)
    done = command("train", f"run={stopped}")
    assert done.complaint == f"{stopped / place}: is a link to {outside}, outside the run directory: remove it first"
    assert "is a link to" in command("eval", f"run={stopped}").complaint
    assert outside.read_text() == "mine"


def test_modules_of_ones_own_are_allowed_by_name(command, stopped, tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text("from physml.networks.mlp import MLP\n\n\nclass Mine(MLP):\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    config = yaml.safe_load((stopped / "config.yaml").read_text())
    config["task"]["network"]["_target_"] = "mine.Mine"
    (stopped / "config.yaml").write_text(yaml.safe_dump(config))
    assert "lies outside the trusted modules" in command("train", f"run={stopped}").complaint
    assert command("train", f"run={stopped}", "allow=[mine]").code == 0


def test_a_copy_elsewhere_is_not_resumed(command, stopped, tmp_path):
    shutil.copytree(stopped, tmp_path / "copy")
    assert "move it back there" in command("train", f"run={tmp_path / 'copy'}").complaint


def rates(run):
    (optimizer,) = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["optimizer_states"]
    return [group["lr"] for group in optimizer["param_groups"]]


def test_a_new_learning_rate_is_taken(command, stopped):
    assert command("train", f"run={stopped}", "task.optimizer.lr=0.03", "--force").code == 0
    assert rates(stopped) == [0.03]


def learning_rates(run):
    with open(run / "metrics.csv") as file:
        return [float(row["lr-Adam"]) for row in csv.DictReader(file) if row["lr-Adam"]]


@pytest.mark.parametrize("scheduler", ["one_cycle", "cosine"])
def test_a_longer_training_has_the_schedule_of_its_length(command, toy, tmp_path, scheduler):
    words = [*toy, f"scheduler={scheduler}", f"hydra.run.dir={tmp_path / 'run'}"]
    assert command("train", *words).code == 0
    assert command("train", f"run={tmp_path / 'run'}", "trainer.max_epochs=4", "--force").code == 0
    assert command("train", *words, f"hydra.run.dir={tmp_path / 'whole'}", "trainer.max_epochs=4").code == 0
    found, expected = (learning_rates(tmp_path / run) for run in ("run", "whole"))
    assert found[8:] == pytest.approx(expected[8:])
    assert found[4] != pytest.approx(expected[4])


def test_a_training_with_larger_batches_has_the_schedule_of_its_steps(command, toy, tmp_path):
    words = [*toy, "scheduler=one_cycle", f"hydra.run.dir={tmp_path / 'run'}"]
    assert command("train", *words).code == 0
    changes = ["trainer.max_epochs=4", "data.batch_size=32"]
    assert command("train", f"run={tmp_path / 'run'}", *changes, "--force").code == 0
    whole = [word for word in toy if "batch_size" not in word] + ["scheduler=one_cycle", f"+{changes[1]}", changes[0]]
    assert command("train", *whole, f"hydra.run.dir={tmp_path / 'whole'}").code == 0
    found, expected = (learning_rates(tmp_path / run) for run in ("run", "whole"))
    assert len(expected) == 8
    assert found[8:] == pytest.approx(expected[4:])


def test_a_run_that_is_held_by_another_process_is_not_resumed(command, stopped, monkeypatch):
    def refuse(*_):
        raise BlockingIOError

    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "lockf", refuse)
        refused = command("train", f"run={stopped}")
    assert "another process trains in it: wait for its end" in refused.complaint
    assert command("train", f"run={stopped}").code == 0


def test_a_callback_that_writes_where_it_is_started_is_refused(command, stopped):
    config = yaml.safe_load((stopped / "config.yaml").read_text())
    config["callbacks"]["spike"] = {"_target_": "lightning.pytorch.callbacks.SpikeDetection"}
    (stopped / "config.yaml").write_text(yaml.safe_dump(config))
    assert "lies outside the trusted modules" in command("train", f"run={stopped}").complaint
