"""The study of Hamiltonian networks: what its methods change, its table, and its figure from trained runs."""

import io
import json

import greydanus2019 as study
import pytest
import torch
from rich.console import Console

from physml.cli.compose import compose_config
from physml.runs.build import build

FEW = ["data.train=60", "data.validation=30", "data.test=4", "data.batch_size=30", "trainer=smoke", "logger=csv"]
SHORT = ["data.test_source.simulate.steps=20"]


def test_the_baseline_has_the_layers_of_the_hamiltonian_and_all_else_is_equal():
    for system in study.PUBLISHED:
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
        assert study.PUBLISHED[system].keys() == {"baseline", "hamiltonian"}


def test_the_hamiltonian_of_pairs_differs_in_network_and_learning_rate_alone_and_conserves_momentum():
    for system in ("two_body", "three_body"):
        plain, of_pairs = (
            compose_config("train", study.overrides(system, method, 1, [])) for method in ("hamiltonian", "of pairs")
        )
        rates = [config["task"]["optimizer"].pop("lr") for config in (plain, of_pairs)]
        assert rates == [config["task"]["scheduler"].pop("max_lr") for config in (plain, of_pairs)] == [3e-3, 1e-3]
        assert {**plain["task"], "network": None} == {**of_pairs["task"], "network": None}
        assert plain["data"] == of_pairs["data"]
        x = torch.randn(3, plain["data"]["in_shape"][0])
        total = build(of_pairs["task"]["network"])(x).unflatten(-1, (2, -1, 2)).sum(-2)[:, 1]
        assert total.abs().max() < 1e-5


def test_the_table_has_the_published_number_and_mean_and_spread_over_the_seeds(tmp_path):
    for system in study.SYSTEMS:
        for method in study.SYSTEMS[system]:
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
    rows = sum(map(len, study.SYSTEMS.values()))
    assert printed.getvalue().count("2.5e-01 ± 2e-01") == rows * len(study.MERITS)
    assert printed.getvalue().count("3.8e-04") == 1  # as published


@pytest.mark.parametrize("system", ["spring", "double_pendulum"])
def test_all_methods_are_drawn_together(trained, tmp_path, system):
    for method in study.SYSTEMS[system]:
        trained(*study.overrides(system, method, 1, FEW + SHORT), folder=f"{study.variant(system, method)}/seed_1_abc")
    study.draw(tmp_path, 1, [system], periods=2)
    assert (tmp_path / f"greydanus2019_{system}.png").stat().st_size > 10_000
