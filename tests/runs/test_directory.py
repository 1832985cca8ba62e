import json

import pytest
import yaml

from physml.runs.directory import find_checkpoint, read_config, start_run, write_results

CONFIG = {"name": "toy", "seed": 3, "task": {"lr": 1.0e-3, "unit": "µm"}}


@pytest.fixture
def run(tmp_path):
    directory = tmp_path / "runs" / "toy" / "1"
    start_run(directory, CONFIG, ["seed=3"])
    (directory / "checkpoints").mkdir()
    return directory


def test_a_run_is_identified_by_three_files(run):
    assert yaml.safe_load((run / "config.yaml").read_text()) == CONFIG
    assert list(yaml.safe_load((run / "config.yaml").read_text())) == list(CONFIG)
    assert yaml.safe_load((run / "overrides.yaml").read_text()) == ["seed=3"]
    origin = json.loads((run / "provenance.json").read_text())
    assert origin["seed"] == 3
    assert origin["command"] == ["physml", "train", "seed=3"]


def test_an_earlier_run_is_not_overwritten(run, contents):
    before = contents(run)
    with pytest.raises(FileExistsError, match="holds an earlier run: choose another"):
        start_run(run, CONFIG | {"seed": 4}, [])
    assert contents(run) == before


def test_results_are_plain_json(run):
    write_results(run, {"metrics": {"error": {"value": 1.5, "uncertainty": 0.1, "unit": "m"}}})
    assert json.loads((run / "results.json").read_text())["metrics"]["error"]["value"] == 1.5


def test_numbers_that_json_does_not_know_become_null(run):
    write_results(run, {"metrics": {"error": {"value": float("nan"), "uncertainty": float("inf"), "unit": "m"}}})
    text = (run / "results.json").read_text()
    assert json.loads(text, parse_constant=pytest.fail)["metrics"]["error"] == {
        "value": None,
        "uncertainty": None,
        "unit": "m",
    }


def test_the_best_checkpoint_comes_before_the_last(run):
    with pytest.raises(FileNotFoundError, match=r"no checkpoints/best\.ckpt or last\.ckpt in it: expected"):
        find_checkpoint(run)
    for name in ("last.ckpt", "best.ckpt"):
        (run / "checkpoints" / name).touch()
        assert find_checkpoint(run) == run / "checkpoints" / name
    assert find_checkpoint(str(run / "checkpoints" / "last.ckpt")).name == "last.ckpt"
    with pytest.raises(FileNotFoundError, match="no such run directory or checkpoint"):
        find_checkpoint(run / "other")


def test_the_config_of_a_checkpoint_is_that_of_its_run(run, tmp_path):
    assert read_config(run / "checkpoints" / "best.ckpt") == CONFIG
    (tmp_path / "alone").mkdir()
    assert read_config(tmp_path / "alone" / "best.ckpt") is None
    assert read_config(run / "other_folder" / "best.ckpt") is None


@pytest.mark.parametrize("text", ["a: [1", "!!python/object/apply:os.getcwd []"])
def test_a_config_that_is_no_plain_yaml(run, text):
    (run / "config.yaml").write_text(text)
    with pytest.raises(ValueError, match=r"config\.yaml: not a plain YAML file"):
        read_config(run / "checkpoints" / "best.ckpt")
