"""The study of coordinates found together with their law: its runs, its figures of merit and its table."""

import io
import json

import champion2019 as study
from rich.console import Console

from physml.cli.compose import compose_config


def test_its_figures_of_merit_are_those_of_the_experiment():
    config = compose_config("train", study.VARIANTS["lorenz"])
    assert set(study.MERITS) == set(config["task"]["test_metrics"])


def test_the_table_has_each_seed_and_the_mean(tmp_path):
    for seed, value in ((1, 0.125), (2, 0.375)):
        run = tmp_path / "lorenz" / f"seed_{seed}_abc"
        run.mkdir(parents=True)
        merits = {name: {"value": value, "uncertainty": 0.0, "unit": ""} for name in study.MERITS}
        (run / "results.json").write_text(json.dumps({"metrics": merits, "train_seconds": 60.0}))
        (run / "provenance.json").write_text(json.dumps({"git_commit": "c"}))
    found = study.collect(tmp_path, ["lorenz"], [1, 2])
    assert found["git_commits"] == ["c"]
    printed = io.StringIO()
    Console(file=printed, width=120).print(study.table(found))
    rows = [line.split("│")[2:5] for line in printed.getvalue().splitlines() if line.startswith("│")]
    assert [[cell.strip() for cell in row] for row in rows] == [["0.12", "0.38", "0.25"]] * len(study.MERITS)
