import csv
import json
import shutil

import pytest
import torch
import yaml
from lightning.pytorch import Callback

from physml.cli.compose import compose_config
from physml.runs import directory
from physml.runs import train as training
from physml.runs.directory import refuse_links_outside, start_run
from physml.runs.errors import ConfigError, TrainingError
from physml.runs.interruption import _unlike_checkpoints, _unlike_records
from physml.runs.resume import (
    checkpoint_to_resume,
    read_run,
    refuse_changes,
    refuse_moved,
    refuse_other_places,
    steps_logged,
)
from physml.runs.train import train


class Crash(Callback):
    def __init__(self, step):
        self.step = step

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        if trainer.fit_loop.total_batch_idx == self.step:
            raise RuntimeError("crash")


class Noise(Callback):
    """Draws random numbers in each step, as a dropout does."""

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        with torch.no_grad():
            for weights in pl_module.parameters():
                weights += 0.01 * torch.randn_like(weights)


def run(directory, words, monkeypatch, crashes=()):
    """Train, and go on after each crash; the run directory."""
    config = compose_config("train", [*words, f"run_dir={directory}"])
    build_trainer = training.build_trainer
    for number, step in enumerate([*crashes, None]):

        def with_crash(config, step=step):
            trainer = build_trainer(config)
            trainer.callbacks[:0] = [Noise(), Crash(step)]
            return trainer

        monkeypatch.setattr(training, "build_trainer", with_crash)
        if step is None:
            train(config, list(words), resume=number > 0)
        else:
            with pytest.raises(TrainingError, match="crash"):
                train(config, list(words), resume=number > 0)
    monkeypatch.undo()
    return directory


OFTEN = ["+callbacks.last_checkpoint.minutes=0", "trainer.log_every_n_steps=3"]
KINDS = {
    "plain": [],
    "schedule": ["scheduler=one_cycle", "optimizer=adamw"],
    "average": ["callbacks=[default,ema]"],
    "stopping": ["callbacks=[default,early_stopping]", "callbacks.early_stopping.patience=1"],
    "weights": [
        "+constraint@task.constraints.bounds=bounds",
        "++task.constraints.bounds.lower=0.0",
        "weighting=relobralo",
    ],
    "accumulated": ["+trainer.accumulate_grad_batches=2"],
    "limited": ["+trainer.limit_train_batches=3"],
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_crashed_and_resumed_training_leaves_the_same_bits(tmp_path, toy, monkeypatch, kind):
    words = [*toy, *OFTEN, "trainer.max_epochs=3", *KINDS[kind]]
    whole = run(tmp_path / "whole", words, monkeypatch)
    parts = run(tmp_path / "parts", words, monkeypatch, crashes=[2, 5, 6])
    assert [*_unlike_checkpoints(whole, parts), *_unlike_records(whole, parts)] == []
    resumed = json.loads((parts / "provenance.json").read_text())["resumed"]
    assert len(resumed) == 3


def test_least_squares_too(tmp_path, monkeypatch):
    words = ["experiment=paper/raissi2019_burgers", "trainer=cpu", "trainer.max_epochs=2", "logger=csv", *OFTEN]
    words += ["data.train=400", "data.validation=64", "data.test=50", "++data.batch_size=100", "++task.points=50"]
    words += ["++task.repeats=2", "++task.network.hidden=[6]", "callbacks.figures=null"]
    whole = run(tmp_path / "whole", words, monkeypatch)
    parts = run(tmp_path / "parts", words, monkeypatch, crashes=[2, 5])
    assert [*_unlike_checkpoints(whole, parts), *_unlike_records(whole, parts)] == []


def test_without_the_random_state_the_bits_differ(tmp_path, toy, monkeypatch):
    words = [*toy, *OFTEN[:1], "callbacks.random_state=null"]
    whole = run(tmp_path / "whole", words, monkeypatch)
    parts = run(tmp_path / "parts", words, monkeypatch, crashes=[2])
    assert any("state_dict" in line for line in _unlike_checkpoints(whole, parts))


def test_a_crash_before_the_first_checkpoint_begins_again(tmp_path, toy, monkeypatch):
    whole = run(tmp_path / "whole", toy, monkeypatch)
    parts = run(tmp_path / "parts", toy, monkeypatch, crashes=[1])
    assert [*_unlike_checkpoints(whole, parts), *_unlike_records(whole, parts)] == []


@pytest.fixture
def broken(toy_run, tmp_path):
    """A copy of a run, to be damaged."""
    copy = tmp_path / "copy"
    shutil.copytree(toy_run, copy)
    return copy


@pytest.mark.parametrize("damage", ["cut", "changed"])
def test_a_damaged_checkpoint_gives_way_to_the_one_before(broken, capsys, damage):
    last, before = (broken / "checkpoints" / name for name in ("last.ckpt", "before_last.ckpt"))
    path, state = checkpoint_to_resume(broken)
    assert (path, state["global_step"], steps_logged(state)) == (last, 8, 8)
    data = bytearray(last.read_bytes())
    weights = next(iter(state["state_dict"].values())).numpy().tobytes()
    data[data.index(weights)] ^= 1
    last.write_bytes(data[:100] if damage == "cut" else data)
    path, state = checkpoint_to_resume(broken)
    assert (path, state["global_step"], steps_logged(state)) == (before, 4, 4)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"physml: {last}: ")
    assert line.endswith(": the one before it is used")
    before.write_bytes(b"")
    with pytest.raises(ValueError, match=r"last.ckpt: "):
        checkpoint_to_resume(broken)
    shutil.rmtree(broken / "checkpoints")
    assert checkpoint_to_resume(broken) is None


def test_changes_are_shown_and_refused():
    old = {"a": {"b": 1, "c": [1, 2]}, "d": None}
    refuse_changes(old, {"a": {"b": 1, "c": [1, 2]}, "d": None})
    with pytest.raises(ConfigError) as refusal:
        refuse_changes(old, {"a": {"b": 2, "c": [1, 2]}, "e": 3})
    assert str(refusal.value).splitlines() == [
        "a.b: 1 → 2",
        "d: None → nothing",
        "e: nothing → 3",
        "the run was begun with another config: --force goes on with the new one",
    ]


def test_a_run_writes_into_its_own_directory(tmp_path):
    profiler = {
        "_target_": "lightning.pytorch.profilers.SimpleProfiler",
        "dirpath": str(tmp_path),
        "filename": "profile",
    }
    refuse_other_places({"trainer": {"profiler": "simple"}}, tmp_path)
    refuse_other_places({"trainer": {"profiler": profiler}}, tmp_path)
    inside = {"callbacks": {"a": {"directory": str(tmp_path / "figures")}, "b": None}, "logger": {}}
    refuse_other_places(inside, tmp_path)
    with pytest.raises(PermissionError, match=r"expected arguments by their names, got _args_"):
        refuse_other_places({"callbacks": {"a": {"_args_": ["/etc"]}}}, tmp_path)
    for part in ({"save_dir": str(tmp_path), "name": "/etc"}, {"save_dir": str(tmp_path), "version": "../x"}):
        with pytest.raises(PermissionError, match=r"logger.a.* lies outside the run directory"):
            refuse_other_places({"logger": {"a": part}}, tmp_path)
    for part in (
        {"dirpath": "/etc"},
        {"save_dir": f"{tmp_path}/../x"},
        {"dirpath": str(tmp_path), "filename": "../../x"},
    ):
        with pytest.raises(PermissionError, match=r"callbacks.a.* lies outside the run directory"):
            refuse_other_places({"callbacks": {"a": part}}, tmp_path)


def test_a_run_that_was_moved_is_refused(broken, toy_run):
    refuse_moved(read_run(toy_run), toy_run)
    with pytest.raises(FileNotFoundError, match=f"this run was begun as {toy_run}: move it back"):
        refuse_moved(read_run(broken), broken)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "no config.yaml in it"),
        ("!!python/object/apply:os.system [x]", "not a plain YAML file"),
        ("[1]", "expected a config, got list"),
    ],
)
def test_what_is_no_run_is_refused(tmp_path, text, message):
    if text:
        (tmp_path / "config.yaml").write_text(text)
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        read_run(tmp_path)


def test_the_rows_of_the_log_come_once(tmp_path, toy, monkeypatch):
    parts = run(tmp_path / "parts", [*toy, *OFTEN[:1]], monkeypatch, crashes=[2, 6])
    with (parts / "metrics.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["train/J"]]
    assert [int(row["step"]) for row in rows] == list(range(8))


def test_weights_and_biases_leaves_nothing_that_hinders(tmp_path, toy, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    words = [word for word in toy if not word.startswith("logger")]
    parts = run(tmp_path / "parts", words, monkeypatch, crashes=[6])
    refuse_links_outside(parts)
    assert list((parts / "wandb").glob("offline-run-*"))


def test_a_run_that_begins_is_none_before_all_of_it_is_there(tmp_path, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(directory, "provenance", killed)
    with pytest.raises(KeyboardInterrupt):
        start_run(tmp_path / "run", {"seed": 1}, [])
    assert not (tmp_path / "run" / "config.yaml").exists()


def test_without_a_best_checkpoint_the_last_weights_are_tested(tmp_path, toy, monkeypatch):
    whole = run(tmp_path / "whole", [*toy, "callbacks.checkpoint=null"], monkeypatch)
    assert json.loads((whole / "results.json").read_text())["steps"] == 8


def test_what_a_killed_writer_left_is_removed(tmp_path, toy, monkeypatch):
    (tmp_path / "parts" / "checkpoints").mkdir(parents=True)
    (tmp_path / "parts" / "checkpoints" / ".last.ckpt.abc").write_bytes(b"half")
    parts = run(tmp_path / "parts", toy, monkeypatch, crashes=[6])
    assert not list((parts / "checkpoints").glob(".*"))


def test_a_forced_change_keeps_both_configs(tmp_path, toy, monkeypatch):
    parts = run(tmp_path / "parts", toy, monkeypatch)
    (parts / "results.json").unlink()
    config = compose_config("train", [*toy, f"run_dir={parts}", "trainer.max_epochs=3"])
    train(config, [], resume=True)
    assert yaml.safe_load((parts / "config.yaml").read_text())["trainer"]["max_epochs"] == 3
    assert yaml.safe_load((parts / "config_before_1.yaml").read_text())["trainer"]["max_epochs"] == 2
    assert torch.load(parts / "checkpoints" / "last.ckpt", weights_only=True)["global_step"] == 12
