"""The study of Hamiltonian networks: what its methods change, its table, and its figure from trained runs."""

import io
import json

import greydanus2019 as study
from rich.console import Console

from physml.cli.compose import compose_config
from physml.runs.build import build

FEW = ["data.train=60", "data.validation=30", "data.test=4", "data.batch_size=30", "trainer=smoke", "logger=csv"]


def test_the_baseline_has_the_layers_of_the_hamiltonian_and_all_else_is_equal():
    for system in study.SYSTEMS:
        baseline, hamiltonian = (
            compose_config("train", study.overrides(system, method, 1, [])) for method in ("baseline", "hamiltonian")
        )
        widths = [
            [tuple(weights.shape) for weights in build(config["task"]["network"]).parameters()][:-2]
            for config in (baseline, hamiltonian)
        ]
        assert widths[0] == widths[1]
        assert baseline["data"] == hamiltonian["data"]
        assert {**baseline["task"], "network": None} == {**hamiltonian["task"], "network": None}
        assert baseline["trainer"] == hamiltonian["trainer"]
        assert set(study.MERITS) == set(baseline["task"]["test_metrics"])
        assert study.PUBLISHED[system].keys() == study.METHODS.keys()


def test_the_table_has_the_published_number_and_mean_and_spread_over_the_seeds(tmp_path):
    for system in study.SYSTEMS:
        for method in study.METHODS:
            for seed, error in ((1, 0.125), (2, 0.375)):
                run = tmp_path / study.variant(system, method) / f"seed_{seed}_abc"
                run.mkdir(parents=True)
                merits = {name: {"value": error, "uncertainty": 0.0, "unit": ""} for name in study.MERITS}
                done = {"metrics": merits, "parameters": 7, "train_seconds": 1.0}
                (run / "results.json").write_text(json.dumps(done))
                (run / "provenance.json").write_text(json.dumps({"git_commit": "c"}))
    found = study.collect(tmp_path, [1, 2])
    assert found["systems"]["spring"]["baseline"]["git_commits"] == ["c"]
    printed = io.StringIO()
    Console(file=printed, width=120).print(study.table(found))
    rows = len(study.SYSTEMS) * len(study.METHODS)
    assert printed.getvalue().count("2.5e-01 ± 2e-01") == rows * len(study.MERITS)
    assert printed.getvalue().count("3.8e-04") == 1  # as published


def test_both_methods_are_drawn_together(trained, tmp_path, monkeypatch):
    for method in study.METHODS:
        trained(*study.overrides("spring", method, 1, FEW), folder=f"{study.variant('spring', method)}/seed_1_abc")
    monkeypatch.setattr(study, "SYSTEMS", ("spring",))
    study.draw(tmp_path, 1, periods=2)
    assert (tmp_path / "greydanus2019_spring.png").stat().st_size > 10_000
