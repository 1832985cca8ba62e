import csv
import io
import json
import os

import pytest
import yaml
from rich.console import Console

from physml.runs.summary import by_setting, read_runs, summarise


def leave(folder, name, words, error=None, loss=0.5, experiment="toy", age=0):
    """Leave what a run leaves behind; one without an error has not come to its end."""
    run = folder / name
    run.mkdir(parents=True)
    (run / "overrides.yaml").write_text(yaml.safe_dump(words))
    os.utime(run / "overrides.yaml", (1000 - age, 1000 - age))
    if error is not None:
        metrics = {"error": {"value": error, "uncertainty": 0.1, "unit": "GeV"}}
        results = {"experiment": experiment, "metrics": metrics, "best": {"val/loss": loss}}
        (run / "results.json").write_text(json.dumps(results))


def jobs_of(folder, errors):
    jobs = [["experiment=toy", f"seed={seed}"] for seed in range(len(errors))]
    for number, (words, error) in enumerate(zip(jobs, errors, strict=True)):
        leave(folder, f"{number}_toy", words, error)
    return jobs


def printed(table):
    console = Console(width=120, file=io.StringIO())
    console.print(table)
    return console.file.getvalue()


def rows(text):
    lines = [line.strip("│┃ \n") for line in text.splitlines() if line.startswith(("│", "┃"))]
    return [[cell.strip() for cell in line.replace("┃", "│").split("│")] for line in lines]


def test_mean_and_spread_of_seeds(tmp_path):
    text = printed(summarise(tmp_path, jobs_of(tmp_path, [1.0, 2.0, 6.0])))
    assert "toy: 3 runs" in text
    assert ["0", "0", "1", "0.5"] in rows(text)
    assert ["mean", "", "3", "0.5"] in rows(text)
    assert ["spread", "", "2.6", "0"] in rows(text)  # √((4 + 1 + 9) / 2) = 2.65
    assert "standard deviation of single runs (n - 1 in the denominator), not the error of their mean" in text
    summary = json.loads((tmp_path / "summary.json").read_text())
    (setting,) = summary["settings"]
    assert setting["words"] == {"experiment": "toy"}
    assert (setting["runs"], setting["without_results"]) == ([0, 1, 2], [])
    assert setting["metrics"]["error"] == {"mean": 3.0, "spread": pytest.approx(7**0.5), "unit": "GeV"}
    with (tmp_path / "runs.csv").open() as file:
        table = list(csv.DictReader(file))
    assert [(row["seed"], row["state"], float(row["error"])) for row in table] == [
        ("0", "finished", 1.0),
        ("1", "finished", 2.0),
        ("2", "finished", 6.0),
    ]
    assert [row["directory"] for row in table] == ["0_toy", "1_toy", "2_toy"]


def test_a_run_without_results_is_named_and_not_averaged(tmp_path):
    text = printed(summarise(tmp_path, jobs_of(tmp_path, [1.0, None, 2.0])))
    assert ["1", "1", "–", "–"] in rows(text)
    assert ["mean", "", "1.5", "0.5"] in rows(text)
    assert "no results, and not averaged: run 1 (seed=1)" in text
    (setting,) = json.loads((tmp_path / "summary.json").read_text())["settings"]
    assert (setting["runs"], setting["without_results"]) == ([0, 2], [1])
    assert (tmp_path / "runs.csv").read_text().splitlines()[2] == "1,1,no results,,,1_toy"


def test_a_number_that_is_none_is_not_averaged_away(tmp_path):
    jobs = jobs_of(tmp_path, [1.0, 2.0])
    file = tmp_path / "1_toy" / "results.json"
    file.write_text(file.read_text().replace("2.0", "null"))
    assert ["mean", "", "nan", "0.5"] in rows(printed(summarise(tmp_path, jobs)))
    (setting,) = json.loads((tmp_path / "summary.json").read_text())["settings"]
    assert setting["metrics"]["error"] == {"mean": None, "spread": None, "unit": "GeV"}


def test_a_row_for_each_setting(tmp_path):
    jobs = [
        [f"seed={seed}", f"data.fold.number={fold}", f"lr={rate}"]
        for rate in (1, 2)
        for seed in (1, 2)
        for fold in (0, 1)
    ]
    for number, words in enumerate(jobs):
        if number != 5:
            leave(tmp_path, f"{number}_toy", words, error=float(number))
    text = printed(summarise(tmp_path, jobs))
    assert ["1", "4", "1.5 ± 1.3", "0.5 ± 0"] in rows(text)  # 0, 1, 2, 3
    assert ["2", "3 of 4", "5.667 ± 1.5", "0.5 ± 0"] in rows(text)  # 4, 6, 7
    assert "no results, and not averaged: run 5 (seed=1, data.fold.number=1, lr=2)" in text
    settings = json.loads((tmp_path / "summary.json").read_text())["settings"]
    assert [setting["words"] for setting in settings] == [{"lr": "1"}, {"lr": "2"}]


def test_metrics_that_only_some_settings_have(tmp_path):
    jobs = [["experiment=a", "seed=1"], ["experiment=b", "seed=1"]]
    leave(tmp_path, "0_a", jobs[0], 1.0, experiment="a")
    leave(tmp_path, "1_b", jobs[1], 2.0, experiment="b")
    file = tmp_path / "1_b" / "results.json"
    file.write_text(file.read_text().replace('"error"', '"accuracy"').replace('"GeV"', '""'))
    found = rows(printed(summarise(tmp_path, jobs)))
    assert ["a", "1", "1", "0.5", "–"] in found
    assert ["b", "1", "–", "0.5", "2"] in found


def test_one_run_has_no_spread(tmp_path):
    text = printed(summarise(tmp_path, jobs_of(tmp_path, [1.0])))
    assert ["0", "1", "0.5"] in rows(text)
    assert "spread" not in text
    (setting,) = json.loads((tmp_path / "summary.json").read_text())["settings"]
    assert setting["metrics"]["error"]["spread"] is None


def test_runs_are_known_by_their_words(tmp_path):
    jobs = [["seed=1"], ["seed=2"], ["seed=1", "hydra.job.chdir=true"]]
    leave(tmp_path, "deep/folder/second", ["seed=2"], 2.0)
    leave(tmp_path, "earlier", ["seed=1"], 7.0, age=20)  # of the same sweep before
    leave(tmp_path, "again", ["seed=1"], 1.0, age=10)
    leave(tmp_path, "newest", ["seed=1"], 3.0)
    leave(tmp_path, "other", ["seed=1", "lr=3"], 9.0)
    assert [run.directory.name for run in read_runs(tmp_path, jobs)] == ["newest", "second", "again"]
    (setting,) = by_setting(read_runs(tmp_path, jobs))
    assert setting.statistics()["error"][0] == 2.0


def test_nothing_is_written_where_no_job_has_begun(tmp_path):
    assert summarise(tmp_path, [["seed=1"]]) is None
    assert list(tmp_path.iterdir()) == []
