"""The study of the Lorenz equations: a run of it from the command line, and what its variants change."""

import io
import json

import brunton2016 as study
import pytest
from rich.console import Console

from physml.cli.compose import compose_config


@pytest.mark.parametrize("members", [0, 3])
def test_a_run_finds_the_law_and_is_loaded_back(command, members):
    import physml

    short = ["data.train=10", "data.source.samples=2000"]
    done = command("train", study.EXPERIMENT, f"task.members={members}", *short, "logger=csv")
    assert done.code == 0, done.err
    law = physml.load(done.run_dir).network
    assert [formula.count("x") + formula.count("y") + formula.count("z") for formula in law.formulas()] == [3, 5, 4]
    assert {path.name for path in (done.run_dir / "figures").iterdir()} >= {"forecast.png", "coefficients.png"}
    assert (done.run_dir / "checkpoints" / "best.ckpt").exists()


def test_each_variant_changes_the_config_of_the_experiment():
    configs = [compose_config("train", [*words, "seed=1"]) for words in study.VARIANTS.values()]
    kinds = [(config["task"]["form"], config["task"]["refinement"], config["data"]["source"]) for config in configs]
    assert all(first != second for i, first in enumerate(kinds) for second in kinds[:i])
    assert set(study.MERITS) == set(configs[0]["task"]["metrics"])


def test_the_table_has_mean_and_worst_over_the_seeds(tmp_path):
    for variant in study.VARIANTS:
        for seed, error in ((1, 0.125), (2, 0.375)):
            run = tmp_path / variant / f"seed_{seed}_abc"
            run.mkdir(parents=True)
            merits = {name: {"value": error, "uncertainty": 0.0, "unit": ""} for name in study.MERITS}
            (run / "results.json").write_text(json.dumps({"metrics": merits, "train_seconds": 1.0}))
            (run / "provenance.json").write_text(json.dumps({"git_commit": "c"}))
    found = study.collect(tmp_path, list(study.VARIANTS), [1, 2])
    assert found["variants"]["states_0.1"]["git_commits"] == ["c"]
    printed = io.StringIO()
    Console(file=printed, width=120).print(study.table(found))
    assert printed.getvalue().count("0.25 (0.38)") == len(study.VARIANTS) * len(study.MERITS)
