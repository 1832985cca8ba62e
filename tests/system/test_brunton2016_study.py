"""The study of the Lorenz equations: a run of it from the command line, and what its variants change."""

import brunton2016 as study
import pytest

from physml.cli.compose import compose_config


@pytest.mark.parametrize("members", [0, 3])
def test_a_run_finds_the_law_and_is_loaded_back(command, members):
    import physml

    done = command("train", f"experiment={study.EXPERIMENT}", f"task.members={members}", "data.train=10", "logger=csv")
    assert done.code == 0, done.err
    law = physml.load(done.run_dir).network
    assert [formula.count("x") + formula.count("y") + formula.count("z") for formula in law.formulas()] == [3, 5, 4]
    assert {path.name for path in (done.run_dir / "figures").iterdir()} >= {"forecast.png", "coefficients.png"}
    assert (done.run_dir / "checkpoints" / "best.ckpt").exists()


def test_each_variant_changes_the_config_of_the_experiment():
    configs = [compose_config("train", study.overrides(variant, 1, [])) for variant in study.VARIANTS]
    kinds = [(config["task"]["form"], config["data"]["source"]) for config in configs]
    assert all(first != second for i, first in enumerate(kinds) for second in kinds[:i])
    assert set(study.MERITS) == set(configs[0]["task"]["metrics"])
