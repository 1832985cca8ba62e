"""The study of the weightings: what its runs are, and what its table says of them."""

import io
import json

import pytest
import weightings as study
from rich.console import Console

from physml.cli.compose import compose_config
from physml.runs.check import problems


def test_all_strategies_are_compared():
    assert {"fixed", "scheduled", "conflict_free"} < set(study.STRATEGIES)
    assert len(study.STRATEGIES) == 9


@pytest.mark.parametrize("problem", study.PROBLEMS)
def test_runs_differ_by_the_weighting_alone(problem):
    configs = {s: compose_config("train", study.overrides(problem, s, 2)) for s in ("fixed", "ntk")}
    for strategy, config in configs.items():
        assert problems(config) == []
        assert config["seed"] == 2
        assert strategy[:3] in config["task"].pop("weighting")["_target_"]
        assert all(law.get("weight", 1.0) == 1 for law in config["task"]["constraints"].values())
        merits = {**config["task"].get("metrics", {}), **config["task"].get("test_metrics", {})}
        assert study.PROBLEMS[problem]["merit"] in merits
    assert configs["fixed"] == configs["ntk"]


def test_equation_and_reference_have_one_viscosity():
    config = compose_config("train", study.overrides("burgers", "fixed", 1))
    equation, reference = config["task"]["loss"]["equation"], config["data"]["test_source"]["solution"]
    assert equation["viscosity"] == reference["viscosity"] == study.VISCOSITY


def test_a_run_is_made_once_and_leaves_what_the_table_shows(tmp_path, monkeypatch):
    short = ["data.train=20", "data.validation=10", "data.test=10", "data.batch_size=5", "trainer.max_epochs=1"]
    words = [*study.PROBLEMS["nbody"]["words"], *short, "trainer.check_val_every_n_epoch=1"]
    monkeypatch.setitem(study.PROBLEMS["nbody"], "words", words)
    study.train_missing(tmp_path, [("nbody", "relobralo", 1)])
    (run,) = (tmp_path / "nbody" / "relobralo").iterdir()
    before = (run / "results.json").stat().st_mtime_ns
    study.train_missing(tmp_path, [("nbody", "relobralo", 1)])
    assert (run / "results.json").stat().st_mtime_ns == before
    measured = study.measure(run, "position_error")
    results = json.loads((run / "results.json").read_text())
    assert measured["merit"] == pytest.approx(results["metrics"]["position_error"]["value"], rel=1e-6)
    assert measured["omega"] == results["logged"]["test/omega/momentum_conservation"] > 0
    assert measured["cpu_seconds"] > 0
    monkeypatch.setitem(study.PROBLEMS["nbody"], "words", [*words, "task.optimizer.lr=1.0e-2"])
    with pytest.raises(SystemExit, match="choose another --folder"):
        study.train_missing(tmp_path, [("nbody", "relobralo", 1)])


def table_of(folder, seeds):
    for problem, entry in study.PROBLEMS.items():
        for strategy in study.STRATEGIES:
            for seed, value in ((1, 0.125), (2, 0.375)):
                run = folder / problem / strategy / f"seed_{seed}_abc"
                run.mkdir(parents=True)
                logged = {f"test/{entry['merit']}": value, "test/omega/a": value, "test/omega/b": 2 * value}
                (run / "results.json").write_text(json.dumps({"logged": logged}))
                (run / "provenance.json").write_text(json.dumps({"git_commit": "c"}))
                (run / "cpu_seconds.json").write_text("2.0")
    found = study.collect(folder, seeds)
    assert found["problems"]["nbody"]["git_commits"] == ["c"]
    printed = io.StringIO()
    Console(file=printed, width=200).print(study.table(found))
    return printed.getvalue()


def test_the_table_has_mean_and_spread_over_the_seeds(tmp_path):
    printed = table_of(tmp_path, [1, 2])
    cells = len(study.STRATEGIES) * len(study.PROBLEMS)
    assert printed.count("0.25 ± 0.2") == cells
    assert printed.count("0.75 ± 0.5") == cells
    assert printed.count("6 s") == len(study.STRATEGIES)


def test_the_table_of_one_seed_has_no_spread(tmp_path):
    assert table_of(tmp_path, [1]).count("0.125 ± nan") == len(study.STRATEGIES) * len(study.PROBLEMS)
