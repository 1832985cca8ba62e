"""Searches that many processes share, some of them killed."""

import os
import random
import signal
import subprocess
import sys
import time

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState

from physml.runs.search import counted, next_trial, open_study, tell, write_report

SPACE = {"x": FloatDistribution(-1, 1)}

WORKER = """
import sys, time
from optuna.distributions import FloatDistribution
from optuna.samplers import RandomSampler
from physml.runs.search import next_trial, open_study
study = open_study(sys.argv[1], "parabola", ["minimize"], RandomSampler(), None)
while (trial := next_trial(study, {"x": FloatDistribution(-1, 1)}, 12)) is not None:
    print(trial.number, flush=True)
    time.sleep(0.1)
    study.tell(trial, trial.params["x"] ** 2)
"""


def study(folder, *directions, name="parabola", sampler=None):
    sampler = sampler or optuna.samplers.RandomSampler(seed=1)
    return open_study(str(folder / "trials.log"), name, list(directions or ["minimize"]), sampler, None)


def run(found, count):
    while (trial := next_trial(found, SPACE, count)) is not None:
        found.tell(trial, trial.params["x"] ** 2)


def test_a_search_ends_after_its_trials_and_goes_on_when_there_are_to_be_more(tmp_path):
    run(study(tmp_path), 3)
    run(study(tmp_path), 3)
    first = [trial.params["x"] for trial in counted(study(tmp_path))]
    assert len(first) == 3
    run(study(tmp_path), 5)
    values = [trial.params["x"] for trial in counted(study(tmp_path))]
    assert values[:3] == first
    assert len(set(values)) == 5  # what joins a search draws numbers of its own


def test_processes_that_begin_together_draw_different_numbers(tmp_path):
    both = [study(tmp_path), study(tmp_path)]  # with the same seed
    drawn = [next_trial(each, SPACE, 4).params["x"] for each in both + both]
    assert len(set(drawn)) == 4


def test_a_trial_that_was_taken_for_dead_ends_without_harm(tmp_path):
    found = study(tmp_path)
    trial = next_trial(found, SPACE, 2)
    found.tell(trial.number, state=TrialState.FAIL)  # by another process
    tell(found, trial, [0.5], pruned=False)
    assert [each.state for each in counted(found)] == [TrialState.FAIL]


def test_the_seed_of_the_first_process_decides(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        run(study(tmp_path / name), 3)
    a, b = (counted(study(tmp_path / name)) for name in ("a", "b"))
    assert [trial.params for trial in a] == [trial.params for trial in b]


def test_other_objectives_are_refused(tmp_path):
    study(tmp_path)
    with pytest.raises(ValueError, match="the study 'parabola' is to minimize, expected to maximize: give the search"):
        study(tmp_path, "maximize")


def test_a_trial_whose_process_died_is_tried_again_and_counted_once(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", WORKER, str(tmp_path / "trials.log")], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"0\n"
    process.kill()
    process.communicate()
    found = study(tmp_path)
    assert found.trials[0].state == TrialState.RUNNING
    again = next_trial(found, SPACE, 1)
    assert again.params == found.trials[0].params
    assert next_trial(study(tmp_path), SPACE, 1) is None  # it is running, in this process
    found.tell(again, 0.5)
    assert next_trial(found, SPACE, 1) is None
    assert [trial.number for trial in counted(found)] == [1]


def test_four_processes_killed_at_random_count_each_trial_once(tmp_path):
    command = [sys.executable, "-c", WORKER, str(tmp_path / "trials.log")]
    draw = random.Random(0)
    workers = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(4)]
    for _ in range(4):
        # The log grows while trials run: kill in their midst, whatever the speed of the machine.
        log, size = tmp_path / "trials.log", 0
        while not log.exists() or log.stat().st_size < size + 1000:
            size = size or (log.stat().st_size if log.exists() else 0)
            if all(worker.poll() is not None for worker in workers):
                break
            time.sleep(0.01)
        number = draw.randrange(4)
        os.kill(workers[number].pid, signal.SIGKILL)
        workers[number].wait()
        workers[number] = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    for worker in workers:
        assert worker.wait(timeout=120) == 0
    run(study(tmp_path), 12)  # what a worker left that was killed last
    found = study(tmp_path)
    trials = counted(found)
    assert [trial.state for trial in trials] == [TrialState.COMPLETE] * 12
    assert len({trial.params["x"] for trial in trials}) == 12


def test_the_report(tmp_path):
    found = study(tmp_path)
    space = SPACE | {"kind": CategoricalDistribution(["a", "b"])}
    while (trial := next_trial(found, space, 6)) is not None:
        if trial.number == 2:
            found.tell(trial, state=TrialState.FAIL)
        else:
            found.tell(trial, trial.params["x"] ** 2)
    table = write_report(found, tmp_path, ["val/loss"])
    lines = (tmp_path / "trials.csv").read_text().splitlines()
    assert lines[0] == "trial,state,val/loss,kind,x,seconds"
    assert [line.split(",")[1] for line in lines[1:]] == ["complete", "complete", "fail", *["complete"] * 3]
    assert table.row_count == 5
    best = min(float(line.split(",")[2]) for line in lines[1:] if ",complete," in line)
    assert next(iter(table.columns[2].cells)) == f"{best:.4g}"
    assert {path.name for path in tmp_path.glob("*.png")} == {"history.png", "importances.png"}


def test_several_objectives(tmp_path):
    found = study(tmp_path, "minimize", "maximize")
    for x, y in ((1.0, 1.0), (2.0, 2.0), (3.0, 1.5)):
        found.tell(next_trial(found, SPACE, 3), [x, y])
    table = write_report(found, tmp_path, ["val/loss", "accuracy"])
    assert table.row_count == 2  # the third is worse than the second in both
    assert (tmp_path / "compromises.png").is_file()
