"""The study of methods and seeds: what it skips, refuses, compares, collects and measures, without its trainings."""

import io
import json
import shutil
import sys
from functools import partial
from pathlib import Path

import pytest
import qasim2019 as study
import torch
import trainings
import yaml
from rich.console import Console


@pytest.fixture
def finish(tmp_path):
    """Write what a finished run leaves behind."""

    def write(method, seed, accuracy):
        run = tmp_path / method / f"seed_{seed}_abc"
        run.mkdir(parents=True)
        metrics = {name: {"value": accuracy} for name in study.MERITS}
        (run / "results.json").write_text(json.dumps({"metrics": metrics, "parameters": 7, "train_seconds": 3.0}))
        (run / "provenance.json").write_text(json.dumps({"git_commit": "c"}))
        (run / "overrides.yaml").write_text(yaml.safe_dump(study.overrides(method, seed, ["trainer=smoke"])))
        return run

    return write


@pytest.fixture
def started(monkeypatch):
    """List the trainings that the script starts, method and seed, instead of training; nothing is measured either."""
    started = []
    monkeypatch.setattr(trainings, "train", lambda folder, method, seed, words: started.append((method, seed)))
    for name in ("compare", "collect"):
        monkeypatch.setattr(study, name, lambda *arguments: {})
    monkeypatch.setattr(study, "table", lambda found: "")
    return started


@pytest.fixture
def call_study(started, tmp_path, monkeypatch):
    """Run the script on the folder, for two seeds."""

    def run(*methods, words):
        options = ["--folder", str(tmp_path), "--seeds", "1", "2", "--methods", *methods]
        monkeypatch.setattr(sys, "argv", ["qasim2019.py", *words, *options])
        study.main()

    return run


def test_what_is_finished_with_the_same_words_is_skipped(call_study, started, finish):
    finish("gravnet", 1, 0.9)
    call_study("gravnet", "dgcnn", words=["trainer=smoke"])
    assert started == [("dgcnn", 1), ("gravnet", 2), ("dgcnn", 2)]


@pytest.mark.parametrize("words", [[], ["trainer=cpu"], ["trainer=smoke", "data.train=64"]])
def test_a_finished_run_of_other_words_is_refused_before_any_training(call_study, started, finish, words):
    run = finish("gravnet", 2, 0.9)
    expected, got = (["experiment=paper/qasim2019_gravnet", "seed=2", *w] for w in (words, ["trainer=smoke"]))
    with pytest.raises(SystemExit) as refused:
        call_study("gravnet", words=words)
    assert refused.value.code == f"{run}: expected a run of {expected}, got one of {got}: choose another --folder"
    assert started == []


@pytest.fixture
def tiny(trained):
    """Train a method for two steps on few events of a small calorimeter."""

    def train(method, seed, *words):
        few = ["data=showers", "data.train=16", "data.validation=8", "data.test=8", "data.batch_size=4"]
        words = study.overrides(method, seed, ["trainer=smoke", "logger=csv", *few, *words])
        return trained(*words, folder=f"{method}/seed_{seed}_abc")

    return train


def test_two_methods_of_one_class_are_compared_on_the_same_events(tiny, tmp_path, monkeypatch):
    run = tiny("gravnet", 1, "callbacks.figures.plots=null")
    shutil.copytree(run, tmp_path / "again" / run.name)
    drawn = []
    for name in ("accuracy_scan", "response_scan"):
        plot = getattr(study, name)

        def keep(rules, target, energy, offsets, impact, beam_energy, plot=plot):
            drawn.append(rules)
            return plot(rules, target, energy, offsets, impact, beam_energy)

        monkeypatch.setattr(study, name, keep)
    rules = study.compare(tmp_path, ["gravnet", "again"], 1)
    assert [list(given) for given in drawn] == [["gravnet", "again", *rules]] * 2
    torch.testing.assert_close(drawn[0]["gravnet"], drawn[0]["again"])
    assert {path.name for path in tmp_path.glob("*.png")} == {"accuracy.png", "response.png"}
    # The rules have no weights: the training had measured the same of them.
    trained = json.loads((run / "results.json").read_text())["metrics"]
    assert rules["Nearest seed"]["accuracy"] == pytest.approx(trained["nearest_seed_accuracy"]["value"])
    spread = trained["nearest_impact_response_spread"]["value"]
    assert rules["Nearest true impact"]["response_spread"] == pytest.approx(spread, rel=1e-5)


def test_methods_with_other_test_events_are_not_compared(tiny, tmp_path):
    tiny("gravnet", 1, "callbacks.figures.plots=null")
    tiny("garnet", 1, "callbacks.figures.plots=null", "+data.seed=1")
    with pytest.raises(SystemExit, match=r"^garnet, seed 1: expected the test events of gravnet, got others: "):
        study.compare(tmp_path, ["gravnet", "garnet"], 1)
    assert not list(tmp_path.glob("*.png"))


def test_latency_and_memory_of_a_run_are_measured(tiny, monkeypatch):
    run = tiny("gravnet", 1, "callbacks.figures.plots=null")
    monkeypatch.setattr(study, "median_seconds", partial(study.median_seconds, repeats=3))
    latency = study.measure("latency", run)
    assert latency.keys() == {"latency_1_ms", f"latency_{study.BATCH}_ms"}
    assert min(latency.values()) > 0
    if Path("/proc/self/clear_refs").exists():
        memory = study.measure("memory", run)
        assert memory.keys() == {"inference_MiB", "training_MiB"}
        assert {*latency, *memory} < {*study.COSTS}
        assert min(memory.values()) >= 0


def test_mean_and_spread_over_the_seeds_are_collected_and_printed(finish, tmp_path, monkeypatch):
    for seed, accuracy in ((1, 0.9), (2, 0.7)):
        finish("gravnet", seed, accuracy)
    monkeypatch.setattr(study, "costs", lambda run: {"latency_1_ms": 2.5})
    rules = {"Nearest seed": dict.fromkeys(study.MERITS, 0.5)}
    found = study.collect(tmp_path, ["gravnet"], [1, 2], rules)
    merit = found["methods"]["gravnet"]["merits"]["accuracy"]
    assert merit["mean"] == pytest.approx(0.8)
    assert merit["spread"] == pytest.approx(0.2 / 2**0.5)
    assert found["methods"]["Nearest seed"]["merits"]["accuracy"] == {"mean": 0.5, "spread": None}
    assert found["provenance"]["versions"]["torch"]
    printed = io.StringIO()
    Console(file=printed, width=200).print(study.table(found))
    assert "0.8000 ± 0.1414" in printed.getvalue()


def test_figures_of_merit_of_the_truth():
    target = torch.tensor([[1.0, 0.0], [0.25, 0.75]])
    arrays = {"target": target.repeat(2, 1), "energy": torch.ones(4), "offsets": torch.tensor([0, 2, 4])}
    assert study.merits(arrays["target"], arrays) == {"accuracy": 1, "response": 1, "response_spread": 0}


def test_peak_memory_is_that_of_the_action():
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("there is no /proc here")
    # More than the memory that this process may have freed and kept.
    assert study.peak(lambda: torch.ones(512 * 2**20, dtype=torch.uint8)) == pytest.approx(512, abs=64)
