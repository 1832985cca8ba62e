"""A sweep trains once for each value, in a folder of its own."""

import csv
import json
import sys
from statistics import mean, stdev
from types import SimpleNamespace

import pytest
import torch
import yaml
from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobStatus

from hydra_plugins.physml_optuna import OptunaSweeper
from physml.callbacks.last_checkpoint import LastCheckpoint
from physml.runs import train


def weights(run):
    return torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]


def test_two_seeds_give_two_runs_with_different_weights(command, toy, tmp_path):
    done = command("train", "-m", "seed=1,2", *toy, "trainer=smoke")
    assert done.code == 0, done.err
    (sweep,) = (tmp_path / "runs" / "sweeps").iterdir()
    runs = sorted(path for path in sweep.iterdir() if path.is_dir())
    assert [run.name.rpartition("_")[0] for run in runs] == ["0_toy", "1_toy"]
    for run, seed in zip(runs, (1, 2), strict=True):
        assert yaml.safe_load((run / "config.yaml").read_text())["seed"] == seed
        assert f"seed={seed}" in yaml.safe_load((run / "overrides.yaml").read_text())
        assert json.loads((run / "results.json").read_text())["steps"] == 2
    first, second = map(weights, runs)
    assert not any(torch.equal(value, second[name]) for name, value in first.items())


def test_a_sweep_by_config(command, toy, tmp_path):
    done = command("train", *toy, "trainer=smoke", "sweep=seeds", "hydra.sweeper.params.seed='3,4'")
    assert done.code == 0, done.err
    runs = sorted(path for path in (tmp_path / "runs" / "sweeps").rglob("results.json"))
    assert len(runs) == 2


def summary(folder):
    (setting,) = json.loads((folder / "summary.json").read_text())["settings"]
    return setting


def test_seeds_end_in_one_table(command, toy, tmp_path):
    done = command("train", "-m", "seed=range(1,4)", *toy, "trainer=smoke", f"hydra.sweep.dir={tmp_path / 'sweep'}")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[-1] == f"sweep directory: {tmp_path / 'sweep'}"
    values = [json.loads(file.read_text()) for file in (tmp_path / "sweep").rglob("results.json")]
    assert len(values) == 3
    for name, found in (("accuracy", "metrics"), ("best val/loss", "best")):
        entries = [value[found][name.removeprefix("best ")] for value in values]
        numbers = [entry["value"] if found == "metrics" else entry for entry in entries]
        average = summary(tmp_path / "sweep")["metrics"][name]
        assert average["mean"] == pytest.approx(mean(numbers))
        assert average["spread"] == pytest.approx(stdev(numbers))
        assert f" {average['mean']:.4g} " in next(line for line in done.out.splitlines() if line.startswith("│   mean"))
    assert "toy: 3 runs" in done.out
    assert "standard deviation of single runs" in done.out


def test_folds_of_a_file(command, toy, tmp_path):
    words = ["sweep=folds", "data.fold.of=3", *toy, "trainer=smoke", f"hydra.sweep.dir={tmp_path / 'sweep'}"]
    done = command("train", *words)
    assert (done.code, done.err) == (0, "")
    folds = [yaml.safe_load(file.read_text())["data"]["fold"] for file in (tmp_path / "sweep").rglob("config.yaml")]
    assert sorted((fold["number"], fold["of"]) for fold in folds) == [(0, 3), (1, 3), (2, 3)]
    assert summary(tmp_path / "sweep")["runs"] == [0, 1, 2]
    assert "data.fold.number" in done.out


def test_streams_cannot_be_folded(command, tmp_path):
    words = ["data=stream", "data.path=a.h5", "data.in_shape=[3]", "data.out_shape=[2]", "experiment=none"]
    words += ["network=mlp", f"hydra.sweep.dir={tmp_path / 'sweep'}"]
    refused = command("train", "sweep=folds", "data.fold.of=2", *words)
    assert refused.complaint.startswith("data.fold: StreamDataModule takes no 'fold'")
    assert not (tmp_path / "sweep" / "summary.json").exists()


def test_a_failed_seed_is_not_averaged(command, toy, tmp_path):
    words = ["seed=1,2", "task.optimizer.lr=1e-3,1e30", f"hydra.sweep.dir={tmp_path / 'sweep'}"]
    done = command("train", "-m", *words, *toy, "trainer.max_epochs=1")
    assert done.code == 1
    assert "J is nan" in done.err
    good, bad = json.loads((tmp_path / "sweep" / "summary.json").read_text())["settings"]
    assert (good["runs"], good["without_results"]) == ([0, 2], [])
    assert (bad["runs"], bad["without_results"], bad["metrics"]) == ([], [1, 3], {})
    assert "no results, and not averaged: run 3 (seed=2, task.optimizer.lr=1e+30)" in " ".join(done.out.split())


def trials(folder):
    with (folder / "trials.csv").open() as file:
        return list(csv.DictReader(file))


def search(command, toy, folder, *words):
    return command("train", "sweep=optuna", *toy, f"hydra.sweep.dir={folder}", *words)


RATE = "task.optimizer.lr=tag(log,interval(1e-3,1e-1))"


def test_a_search_for_the_learning_rate_that_goes_on(command, toy, tmp_path):
    words = [RATE, "seed=choice(1,2)", "trainer.max_epochs=1"]
    done = search(command, toy, tmp_path / "search", "hydra.sweeper.trials=2", *words)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[-1] == f"search directory: {tmp_path / 'search'}"
    first = trials(tmp_path / "search")
    assert search(command, toy, tmp_path / "search", "hydra.sweeper.trials=3", *words).code == 0
    rows = trials(tmp_path / "search")
    assert [(row["trial"], row["state"]) for row in rows] == [(str(n), "complete") for n in range(3)]
    assert rows[:2] == first
    for row in rows:
        (run,) = (tmp_path / "search").glob(f"{row['trial']}_toy_*")
        config = yaml.safe_load((run / "config.yaml").read_text())
        assert config["task"]["optimizer"]["lr"] == float(row["task.optimizer.lr"])
        assert config["seed"] == int(row["seed"])
        best = torch.load(run / "checkpoints" / "best.ckpt", weights_only=True)["callbacks"]
        (score,) = (state["best_model_score"] for name, state in best.items() if name.startswith("ModelCheckpoint"))
        assert float(score) == float(row["val/loss"])


def test_failed_trials_are_recorded_and_passed_over(command, toy, tmp_path):
    words = ["task.optimizer.lr=1e-3,1e30", "hydra.sweeper.trials=5"]
    words += ["hydra/sweeper/sampler=grid"]
    done = search(command, toy, tmp_path / "search", *words)
    assert done.code == 1
    assert "J is nan" in done.err
    assert sorted(row["state"] for row in trials(tmp_path / "search")) == ["complete", "fail"]


def test_hopeless_trials_end_early(command, toy, tmp_path):
    pruner = "+hydra.sweeper.pruner={_target_: optuna.pruners.ThresholdPruner, upper: 0.0}"
    words = [RATE, "hydra.sweeper.trials=1", "trainer.max_epochs=5", "~hydra.sweeper.pruner", pruner]
    done = search(command, toy, tmp_path / "search", *words)
    assert (done.code, done.err) == (0, "")
    (row,) = trials(tmp_path / "search")
    assert row["state"] == "pruned"
    (results,) = (tmp_path / "search").rglob("results.json")
    assert json.loads(results.read_text())["epochs"] == 1


def test_several_objectives_by_their_names_in_the_results(command, toy, tmp_path, monkeypatch):
    monkeypatch.setattr(LastCheckpoint, "seconds", 0.012)  # trainings this short are told apart, too
    words = [RATE, "hydra.sweeper.trials=2", "trainer.max_epochs=1", "hydra/sweeper/sampler=nsga2"]
    aims = "hydra.sweeper.objectives=[maximize accuracy,minimize train_seconds]"
    assert search(command, toy, tmp_path / "search", *words, aims).code == 0
    done = trials(tmp_path / "search")
    assert [float(row["train_seconds"]) for row in done] == [0.012, 0.012]
    assert all(float(row["accuracy"]) <= 1 for row in done)
    wrong = "hydra.sweeper.objectives=[maximize accurac]"
    refused = search(command, toy, tmp_path / "other", *words, wrong)
    assert "no objective 'accurac' in results.json (did you mean 'accuracy'?)" in refused.complaint


def test_mistakes(command, toy, tmp_path):
    assert "expected a parameter to search, as in: task.optimizer.lr=" in search(command, toy, tmp_path / "a").complaint
    grid = "hydra/sweeper/sampler=grid"
    assert (
        "expected minimize NAME or"
        in search(command, toy, tmp_path / "c", RATE, "hydra.sweeper.objectives=[accuracy]").complaint
    )
    assert "a grid expected values, got an interval" in search(command, toy, tmp_path / "b", RATE, grid).complaint


def test_without_optuna_it_says_what_to_install(command, toy, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    done = search(command, toy, tmp_path / "search", RATE)
    assert done.complaint == "the package 'optuna' is not installed: pip install \"physml[sweep]\" brings it"


def test_trials_beside_each_other_in_processes_of_their_own(process, toy, tmp_path):
    words = ["launcher=processes", "task.optimizer.lr=1e-3,1e30"]
    done = process("train", *words, *toy, f"hydra.sweep.dir={tmp_path / 'sweep'}", folder=tmp_path)
    assert done.code == 1
    assert done.err.splitlines()[-1].startswith("physml: training failed: J is nan")
    good, bad = tmp_path / "sweep" / "0_toy", tmp_path / "sweep" / "1_toy"
    assert json.loads((good / "results.json").read_text())["steps"] == 8
    assert (bad / "not_finite.npz").is_file()
    averaged = json.loads((tmp_path / "sweep" / "summary.json").read_text())["settings"]
    assert [(setting["runs"], setting["without_results"]) for setting in averaged] == [([0], []), ([], [1])]


def test_the_processes_of_a_trial_are_started_in_its_directory(command, toy, tmp_path, monkeypatch):
    began = []
    monkeypatch.setattr(train, "train", lambda config, *_: began.append((config["run_dir"], HydraConfig.get().run.dir)))
    done = command("train", "-m", "seed=1,2", *toy, f"hydra.sweep.dir={tmp_path / 'sweep'}")
    assert done.code == 0, done.err
    assert len(began) == 2
    assert all(own == lightning for own, lightning in began)  # Lightning reads it from Hydra


def test_trials_beside_each_other_of_two_processes_each(process, toy, tmp_path):
    words = [word for word in toy if word not in ("trainer=cpu", "+data.batch_size=16")]
    words += ["launcher=processes", "trainer=ddp_cpu", "+data.batch_size=8", "seed=1,2"]
    done = process("train", "-m", *words, f"hydra.sweep.dir={tmp_path / 'sweep'}", folder=tmp_path)
    assert done.code == 0, done.err
    for number in (0, 1):
        results = json.loads((tmp_path / "sweep" / f"{number}_toy" / "results.json").read_text())
        assert (results["steps"], results["test_events"]) == (8, 8)


def test_trials_that_have_results_count_whatever_is_monitored(command, toy, tmp_path):
    words = ["trainer.max_epochs=1", "hydra.sweeper.trials=2", "callbacks.checkpoint=null"]
    aims = "hydra.sweeper.objectives=[maximize accuracy]"
    assert search(command, toy, tmp_path / "search", RATE, *words, aims).code == 0
    assert [row["state"] for row in trials(tmp_path / "search")] == ["complete", "complete"]


def test_an_objective_that_is_not_a_number_is_a_failure_of_its_trial(tmp_path):
    sweeper = OptunaSweeper(1, "", "", None, objectives=["maximize accuracy", "minimize loss"])
    done = SimpleNamespace(status=JobStatus.COMPLETED, return_value=None, cfg=SimpleNamespace(run_dir=tmp_path))
    assert sweeper._values(done) is None
    for loss, expected in (("null", None), ("0.5", [0.75, 0.5])):
        results = f'{{"metrics": {{"accuracy": {{"value": 0.75}}}}, "logged": {{"loss": {loss}}}}}'
        (tmp_path / "results.json").write_text(results)
        assert sweeper._values(done) == expected
    done.return_value = float("nan")  # the training failed, and the results are of an earlier run
    assert sweeper._values(done) is None
