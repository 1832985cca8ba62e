import csv
import json

import pytest
import torch
import yaml

from physml.runs.errors import TrainingError


def metrics(run):
    return json.loads((run / "results.json").read_text())["metrics"]


def weights(run, name="last"):
    return torch.load(run / "checkpoints" / f"{name}.ckpt", weights_only=True)["state_dict"]


def test_what_a_run_directory_holds(toy_run):
    assert sorted(path.relative_to(toy_run).as_posix() for path in toy_run.rglob("*") if path.is_file()) == [
        "checkpoints/before_last.ckpt",
        "checkpoints/best.ckpt",
        "checkpoints/last.ckpt",
        "checkpoints/sha256.json",
        "config.yaml",
        "figures/learning_curves.png",
        "metrics.csv",
        "overrides.yaml",
        "provenance.json",
        "results.json",
    ]


def test_the_last_checkpoint_is_of_the_last_epoch_and_the_best_one_of_the_best(trained, toy):
    # The worst is asked for: the first epoch.
    run = trained(*toy, "monitor.name=val/J", "monitor.mode=max", "task.optimizer.lr=0.01", "trainer.max_epochs=3")
    epochs = {
        name: torch.load(run / "checkpoints" / f"{name}.ckpt", weights_only=True)["epoch"] for name in ("best", "last")
    }
    assert epochs == {"best": 0, "last": 2}


def test_results_have_uncertainties_and_units(toy_run):
    results = json.loads((toy_run / "results.json").read_text())
    assert results["experiment"] == "toy"
    accuracy = results["metrics"]["accuracy"]
    assert 0 <= accuracy["value"] <= 1
    assert 0 < accuracy["uncertainty"] < 0.2
    assert accuracy["unit"] == ""
    assert (results["epochs"], results["steps"]) == (2, 8)
    assert results["parameters"] == (3 * 8 + 8) + (8 * 2 + 2)
    assert results["logged"]["test/loss"] > 0


def test_metrics_are_logged_step_by_step(toy_run):
    with (toy_run / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert sum(bool(row["train/J"]) for row in rows) == 8
    assert sum(bool(row["val/accuracy"]) for row in rows) == 2
    assert sum(bool(row["test/accuracy"]) for row in rows) == 1
    assert sum(bool(row["lr-Adam"]) for row in rows) >= 8


def test_half_precision_on_a_processor_without_it_is_told_of(trained, toy, monkeypatch, capsys):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": False}, raising=False)
    trained(*toy, "+trainer.precision=bf16-mixed", "trainer.max_epochs=1")
    assert "this processor has no instructions for it" in capsys.readouterr().err


def test_the_config_is_resolved(toy_run):
    text = (toy_run / "config.yaml").read_text()
    assert "${" not in text
    assert yaml.safe_load(text)["run_dir"] == str(toy_run)


def test_the_same_seed_gives_the_same_bits(trained, toy):
    first, second, other = (trained(*toy, f"seed={seed}", folder=name) for seed, name in ((1, "a"), (1, "b"), (2, "c")))
    assert all(torch.equal(value, weights(second)[name]) for name, value in weights(first).items())
    assert metrics(first) == metrics(second)
    assert not any(torch.equal(value, weights(other)[name]) for name, value in weights(first).items())


def test_this_process_and_another_one_give_the_same_bits(trained, toy, toy_run):
    assert all(torch.equal(value, weights(toy_run)[name]) for name, value in weights(trained(*toy)).items())


def test_the_best_checkpoint_is_the_one_tested(trained, toy):
    run = trained(*toy, "task.optimizer.lr=0.3", "trainer.max_epochs=4")
    with (run / "metrics.csv").open() as file:
        losses = [float(row["val/loss"]) for row in csv.DictReader(file) if row["val/loss"]]
    state = torch.load(run / "checkpoints" / "best.ckpt", weights_only=True)
    assert state["epoch"] == losses.index(min(losses))


def test_a_loss_that_is_no_number(trained, toy, tmp_path):
    with pytest.raises(
        TrainingError, match=r"training failed: J is nan at step .*, expected finite numbers: lower task"
    ):
        trained(*toy, "task.optimizer.lr=1e30")
    assert (tmp_path / "run" / "config.yaml").exists()
    assert not (tmp_path / "run" / "results.json").exists()


@pytest.mark.parametrize("profiler", ["simple", "pytorch"])
def test_a_profile_lies_in_the_run_directory(trained, toy, profiler):
    run = trained(*toy, f"profiler={profiler}", "trainer.max_epochs=1", "data.batch_size=1")
    report = (run / "fit-profile.txt").read_text()
    assert report.startswith("FIT Profiler Report")
    assert ("training_step" if profiler == "simple" else "Self CPU time total") in report
    assert len(list(run.glob("*.pt.trace.json"))) == (0 if profiler == "simple" else 3)


def test_without_metrics_the_loss_is_the_result(trained, toy, command):
    run = trained(*toy, "~task.metrics", "trainer.max_epochs=1")
    found = metrics(run)
    assert list(found) == ["loss"]
    assert found["loss"]["uncertainty"] is None
    done = command("eval", f"run={run}")
    assert f"{found['loss']['value']:.4g}" in done.out


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("data.train=-5", "data.train: expected a positive number of events, got -5"),
        ("data.batch_size=0", "data.batch_size: expected a positive number of events, got 0"),
    ],
)
def test_counts_that_are_none(command, word, message):
    assert message in command("train", "experiment=moons_flow", word, "logger=csv").complaint


def test_without_logs_and_callbacks(command, toy):
    words = [word for word in toy if not word.startswith("logger=")]
    done = command("train", *words, "trainer.max_epochs=1", "logger=[]", "callbacks=[]")
    assert (done.code, done.err) == (0, "")
    assert metrics(done.run_dir)["accuracy"]["value"] > 0
