"""The trainings of a study: which are finished, which are missing, which are refused."""

import json
from types import SimpleNamespace

import pytest
import trainings
import yaml


@pytest.fixture
def finish(tmp_path):
    """Write what a finished run leaves behind."""

    def write(variant, seed, words, commit="c"):
        run = tmp_path / variant / f"seed_{seed}_abc"
        run.mkdir(parents=True)
        (run / "results.json").write_text(json.dumps({"parameters": 7}))
        (run / "provenance.json").write_text(json.dumps({"git_commit": commit}))
        (run / "overrides.yaml").write_text(yaml.safe_dump(words))
        return run

    return write


@pytest.fixture
def commands(monkeypatch):
    """List the commands that would train, without their first word."""
    commands = []

    def run(command):
        commands.append(command[1:])
        return SimpleNamespace(returncode=int("wrong=1" in command))

    monkeypatch.setattr(trainings.subprocess, "run", run)
    return commands


def test_a_run_is_finished_when_it_has_its_results(finish, tmp_path):
    (tmp_path / "a" / "seed_1_0aa").mkdir(parents=True)  # broken off
    assert trainings.finished(tmp_path, "a", 1) is None
    run = finish("a", 1, [])
    assert trainings.finished(tmp_path, "a", 1) == run
    assert trainings.finished(tmp_path, "a", 11) is None


def test_what_is_missing_is_trained_in_order_each_in_a_directory_of_its_own(finish, commands, tmp_path):
    finish("a", 1, ["x=1"])
    trainings.train_missing(tmp_path, {("a", 1): ["x=1"], ("b", 1): ["x=2"], ("a", 2): ["x=3"]})
    assert [command[0] for command in commands] == ["train", "train"]
    assert [command[2] for command in commands] == ["x=2", "x=3"]
    assert commands[0][1].startswith(f"hydra.run.dir={tmp_path}/b/seed_1_")
    assert len({command[1] for command in commands}) == 2


def test_other_words_are_refused_before_anything_is_trained(finish, commands, tmp_path):
    run = finish("a", 1, ["x=1"])
    with pytest.raises(SystemExit) as refused:
        trainings.train_missing(tmp_path, {("b", 1): ["x=2"], ("a", 1): ["x=2"]})
    assert refused.value.code == f"{run}: expected a run of ['x=2'], got one of ['x=1']: choose another --folder"
    assert commands == []


def test_a_run_that_was_broken_off_goes_on_if_it_is_of_these_words(finish, commands, tmp_path):
    run = finish("a", 1, ["x=1", "seed=1"])
    (run / "results.json").unlink()
    trainings.train_missing(tmp_path, {("a", 1): ["seed=1", "x=1"]})
    trainings.train_missing(tmp_path, {("a", 1): ["seed=1", "x=2"]})
    assert commands[0] == ["train", f"run={run}"]
    assert commands[1][1].startswith(f"hydra.run.dir={tmp_path}/a/seed_1_")
    assert commands[1][2:] == ["seed=1", "x=2"]


def test_a_training_that_fails_ends_the_study(commands, tmp_path):
    with pytest.raises(SystemExit) as ended:
        trainings.train_missing(tmp_path, {("a", 1): ["wrong=1"], ("b", 1): ["x=1"]})
    assert ended.value.code.startswith("a, seed 1: its training ended with status 1, and so does the study: the same")
    assert len(commands) == 1


def test_a_run_is_of_each_commit_that_went_on_with_it(finish):
    run = finish("a", 1, [], "b")
    (run / "provenance.json").write_text(json.dumps({"git_commit": "b", "resumed": [{"git_commit": "a"}]}))
    assert trainings.commits([run]) == ["a", "b"]


def test_results_and_commits(finish):
    runs = [finish("a", seed, [], commit) for seed, commit in enumerate("bab")]
    assert trainings.results(runs[0]) == {"parameters": 7}
    assert trainings.commits(runs) == ["a", "b"]


def test_what_is_gathered_is_of_finished_runs_alone(tmp_path):
    for seed in (2, 3):
        run = tmp_path / "a" / f"seed_{seed}_x"
        run.mkdir(parents=True)
        (run / "provenance.json").write_text(json.dumps({"git_commit": "c"}))
        if seed == 2:
            (run / "results.json").write_text(json.dumps({"train_seconds": 5, "metrics": 7}))
    found = trainings.gather(
        tmp_path, {"a": ["x=1"], "b": ["x=2"]}, [1, 2, 3], lambda name, got: {"of": name, "got": got[2]["metrics"]}
    )
    assert found["provenance"]["seed"] == 1
    entry = {"words": ["x=1"], "of": "a", "got": 7, "train_seconds": {2: 5}, "git_commits": ["c"]}
    assert found["variants"] == {"a": entry}


def test_a_study_trains_seed_by_seed_and_writes_what_it_collects(finish, commands, tmp_path, monkeypatch, capsys):
    run = finish("a", 1, ["x=1", "seed=1", "z=3"])
    monkeypatch.setattr("sys.argv", ["toy.py", "--seeds", "1", "2", "--folder", str(tmp_path), "z=3"])

    def collect(folder, variants, seeds):
        return {"finished": [v + str(s) for v in variants for s in seeds if trainings.finished(folder, v, s)]}

    trainings.study("toy", "A toy.", {"a": ["x=1"], "b": ["x=2"]}, collect, lambda found: f"{len(found)} table")
    assert [command[2:] for command in commands] == [
        ["x=2", "seed=1", "z=3"],
        ["x=1", "seed=2", "z=3"],
        ["x=2", "seed=2", "z=3"],
    ]
    assert json.loads((run.parents[1] / "toy.json").read_text()) == {"finished": ["a1"]}
    assert capsys.readouterr().out == "1 table\n"
