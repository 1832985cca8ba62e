"""The study of equations solved by fields, from what its trainings leave."""

import json

import pytest
import raissi2019
import yaml


def finish(folder, variant, seed, **values):
    run = folder / variant / f"seed_{seed}_abc"
    run.mkdir(parents=True)
    metrics = {name: {"value": value, "uncertainty": 0.0, "unit": ""} for name, value in values.items()}
    (run / "results.json").write_text(json.dumps({"metrics": metrics, "train_seconds": 1.0}))
    (run / "provenance.json").write_text(json.dumps({"git_commit": "c"}))
    (run / "overrides.yaml").write_text(yaml.safe_dump([*raissi2019.VARIANTS[variant], f"seed={seed}"]))


def test_errors_beside_the_published_ones(tmp_path):
    finish(tmp_path, "burgers", 1, relative_error=2e-5)
    finish(tmp_path, "burgers", 2, relative_error=4e-5)
    finish(
        tmp_path, "identification", 1, relative_error=1e-3, advection=0.999, viscosity=1.02 * 0.01 / 3.141592653589793
    )
    finish(tmp_path, "cylinder_wake", 1, u_error=0.1, v_error=0.2, p_error=0.3, advection=1.001, viscosity=0.0102)
    found = raissi2019.collect(tmp_path, ["burgers", "identification", "cylinder_wake"], [1, 2])
    assert found["variants"]["identification"]["merits"][1] == pytest.approx(
        {"relative_error": 1e-3, "advection": 1e-3, "viscosity": 2e-2}
    )
    columns = [list(column.cells) for column in raissi2019.table(found).columns]
    assert columns[1] == ["6.70e-04 → 3e-05 (4e-05)", "0.001 (0.001)", ""]
    assert columns[2:5] == [["", "", f"{error} ({error})"] for error in (0.1, 0.2, 0.3)]
    assert columns[5] == ["", "9.60e-04 → 0.001 (0.001)", "7.80e-04 → 0.001 (0.001)"]
    assert columns[6] == ["", "4.69e-03 → 0.02 (0.02)", "4.67e-02 → 0.02 (0.02)"]


def test_every_variant_is_an_experiment():
    from physml.cli.compose import compose_config

    for words in raissi2019.VARIANTS.values():
        assert set(raissi2019.ERRORS) & compose_config("train", words)["task"]["test_metrics"].keys()
