"""The study of methods and seeds: what it skips, collects and measures, without its trainings."""

import importlib.util
import io
import json
from pathlib import Path

import pytest
import torch
from rich.console import Console

SCRIPT = Path(__file__).parents[2] / "scripts" / "studies" / "qasim2019.py"


@pytest.fixture(scope="module")
def study():
    spec = importlib.util.spec_from_file_location("qasim2019", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def finish(tmp_path, study):
    """Write what a finished run leaves behind."""

    def write(method, seed, accuracy):
        run = tmp_path / method / f"seed_{seed}_abc"
        run.mkdir(parents=True)
        metrics = {name: {"value": accuracy} for name in study.MERITS}
        (run / "results.json").write_text(json.dumps({"metrics": metrics, "parameters": 7, "train_seconds": 3.0}))
        (run / "provenance.json").write_text(json.dumps({"git_commit": "c"}))
        return run

    return write


def test_a_run_is_finished_when_it_has_its_results(study, finish, tmp_path):
    (tmp_path / "gravnet" / "seed_1_0aa").mkdir(parents=True)  # broken off
    assert study.finished(tmp_path, "gravnet", 1) is None
    run = finish("gravnet", 1, 0.9)
    assert study.finished(tmp_path, "gravnet", 1) == run
    assert study.finished(tmp_path, "gravnet", 11) is None


def test_mean_and_spread_over_the_seeds_are_collected_and_printed(study, finish, tmp_path, monkeypatch):
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


def test_figures_of_merit_of_the_truth(study):
    target = torch.tensor([[1.0, 0.0], [0.25, 0.75]])
    arrays = {"target": target.repeat(2, 1), "energy": torch.ones(4), "offsets": torch.tensor([0, 2, 4])}
    assert study.merits(arrays["target"], arrays) == {"accuracy": 1, "response": 1, "response_spread": 0}


def test_peak_memory_is_that_of_the_action(study):
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("there is no /proc here")
    # More than the memory that this process may have freed and kept.
    assert study.peak(lambda: torch.ones(512 * 2**20, dtype=torch.uint8)) == pytest.approx(512, abs=64)
