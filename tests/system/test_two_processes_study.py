"""Two processes train as one: images, whose normalisation runs over both, and ragged events streamed from a file."""

import io
import json
import subprocess
import sys

import pytest
import torch
import two_processes as study
from rich.console import Console


def test_two_processes_train_as_one(tmp_path):
    pytest.importorskip("h5py")
    names = ["galaxy_cnn", "showers.h5"]
    command = [sys.executable, study.__file__, "--folder", str(tmp_path), "--only", *names]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "two_processes.json").read_text())["trainings"]
    assert list(found) == names
    for name, entry in found.items():
        assert entry["gradients"] < 1e-13
        assert entry["weights"] < 1e-9
        assert max(entry["metrics"].values()) < 1e-9
        assert max(entry["metrics_of_the_same_weights"].values()) < 1e-14
        assert set(entry["test_events"]) == {33 if name == "galaxy_cnn" else 12}
        assert entry["steps"][0] == entry["steps"][1] > 4


def test_a_difference_is_of_the_largest_number():
    expected = {"a": torch.tensor([1.0, -4.0]), "b": torch.tensor([2.0]), "count": torch.tensor(3)}
    assert study.difference({**expected, "a": torch.tensor([1.0, -4.5])}, expected) == 0.125
    assert study.difference(expected, expected) == 0
    metrics = {"x": {"value": 2.0}, "none": {"value": 0.0}}
    assert study.differences({"x": {"value": 2.5}, "none": {"value": 0.0}}, metrics) == {"x": 0.2, "none": 0.0}


def test_the_table_has_the_worst_of_the_metrics():
    entry = {
        "steps": [6, 6],
        "gradients": 2e-16,
        "weights": 3e-15,
        "metrics": {"a": 1e-15, "b": 4e-14},
        "metrics_of_the_same_weights": {"a": 0.0, "b": 0.0},
        "test_events": [33, 33, 33],
    }
    printed = io.StringIO()
    Console(file=printed, width=120).print(study.table({"toy": entry}))
    cells = [cell.strip() for cell in printed.getvalue().splitlines()[-2].split("│")]
    assert cells[1:-1] == ["toy", "6 / 6", "2e-16", "3e-15", "4e-14", "0", "33 / 33"]
