"""The study of the learned simulator: what it collects and says of its targets, without its trainings."""

import io
import json

import pytest
import sanchezgonzalez2020 as study
from rich.console import Console

from physml.cli.compose import compose_config


@pytest.fixture
def finish(tmp_path):
    """Write what a finished run leaves behind."""

    def write(variant, seed, **values):
        run = tmp_path / variant / f"seed_{seed}_abc"
        run.mkdir(parents=True)
        metrics = {name: {"value": values.get(name, 1.0), "uncertainty": 0.25, "unit": "L"} for name in study.MERITS}
        (run / "results.json").write_text(json.dumps({"metrics": metrics, "parameters": 7, "train_seconds": 3.0}))
        (run / "provenance.json").write_text(json.dumps({"git_commit": "c"}))
        return run

    return write


def test_targets_are_ratios_of_means_over_the_seeds(finish, tmp_path):
    for seed, error in ((1, 0.04), (2, 0.08)):
        finish("standard", seed, next_position_error=error, rollout_error_100=2.0)
    finish("no_noise", 1, rollout_error_100=8.0)
    lines = study.targets(study.collect(tmp_path, list(study.VARIANTS), [1, 2]))
    assert lines == [
        "one-step error / constant velocity's: 0.060 (target < 0.1)",
        "rollout error over 100 frames, without noise / with noise: 4.00 (target >= 3)",
    ]


def test_the_table_has_the_spread_of_several_seeds_and_the_error_of_one(finish, tmp_path):
    finish("standard", 1, centre_of_mass_error=0.5)
    finish("standard", 2, centre_of_mass_error=0.7)
    finish("1_block", 1, centre_of_mass_error=0.9)
    printed = io.StringIO()
    Console(file=printed, width=250).print(study.table(study.collect(tmp_path, list(study.VARIANTS), [1, 2])))
    assert "0.6 ± 0.1" in printed.getvalue()
    assert "0.9 ± 0.2" in printed.getvalue()


def test_each_variant_changes_the_config_of_the_experiment():
    configs = [compose_config("train", [*words, "seed=1"])["task"] for words in study.VARIANTS.values()]
    assert all(first != second for i, first in enumerate(configs) for second in configs[:i])
    merits = configs[0]["metrics"] | configs[0]["test_metrics"]
    assert set(study.MERITS) == set(merits)
