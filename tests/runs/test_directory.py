import json

import pytest
import yaml

from physml.runs.directory import note_resumption, start_run, write_results
from physml.runs.resume import finished

CONFIG = {"name": "toy", "seed": 3, "task": {"lr": 1.0e-3, "unit": "µm"}}


@pytest.fixture
def run(tmp_path):
    directory = tmp_path / "runs" / "toy" / "1"
    start_run(directory, CONFIG, ["seed=3"])
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


def test_a_finished_run_that_goes_on_is_not_finished_any_more(tmp_path):
    config = {"seed": 1, "trainer": {"max_epochs": 1}}
    start_run(tmp_path, config, [])
    write_results(tmp_path, {"steps": 4})
    assert finished(tmp_path)
    note_resumption(tmp_path, {**config, "trainer": {"max_epochs": 2}}, ["--force"])
    assert not finished(tmp_path)
    assert json.loads((tmp_path / "results_before_1.json").read_text()) == {"steps": 4}
