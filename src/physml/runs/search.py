"""A search for hyper-parameters by Optuna, whose trials any number of processes share."""

import csv
import io
import os
import socket
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from weakref import WeakSet

import optuna
from matplotlib import pyplot
from matplotlib.axes import Axes
from optuna.distributions import BaseDistribution
from optuna.importance import PedAnovaImportanceEvaluator
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock
from optuna.trial import FrozenTrial, Trial, TrialState
from optuna.visualization.matplotlib import plot_optimization_history, plot_param_importances, plot_pareto_front
from rich.table import Table

from physml.runs.files import write_text

SET_ASIDE = ("killed", "surplus")  # marks of trials that do not count: their process died, or there were enough
PATIENCE = 5  # seconds after which an unsigned trial or a lock is taken for one whose process died


_joined: WeakSet[optuna.Study] = WeakSet()  # studies of which this process has run a trial
_first_seen: dict[int, float] = {}  # when this process first saw a trial that nobody had signed


def open_study(
    storage: str, name: str, directions: list[str], sampler: optuna.samplers.BaseSampler, pruner: Any
) -> optuna.Study:
    """Return the study of a name in a storage, which is made where it is not there yet.

    Args:
        storage: A file ``….log``, a journal that processes of several machines can write to, or the URL of a database.
        name: Name of the study.
        directions: ``minimize`` or ``maximize`` for each objective.
        sampler: Draws the parameters.
        pruner: Says which trainings end early.

    The seed of a sampler is that of the process which begins the search; those that join it draw numbers of their own.

    Raises:
        ValueError: The study is there, for other objectives.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        storage=_storage(storage),
        study_name=name,
        directions=directions,
        sampler=sampler,
        pruner=pruner,
        load_if_exists=True,
    )
    found = [direction.name.lower() for direction in study.directions]
    if found != directions:
        raise ValueError(
            f"{storage}: the study {name!r} is to {' and '.join(found)}, expected to {' and '.join(directions)}: "
            "give the search another hydra.sweeper.study"
        )
    return study


def next_trial(study: optuna.Study, space: Mapping[str, BaseDistribution], count: int) -> Trial | None:
    """Return a trial for this process to run; None when all `count` of the study have been begun.

    A trial whose process has died on this machine is set aside, and its parameters are tried again first.
    """
    _set_aside_dead(study)
    while not _left(study, count):
        if not any(trial.state == TrialState.RUNNING and _unsigned(trial) for trial in _counting(study)):
            return None
        time.sleep(0.2)  # its process is about to sign it, or has died
        _set_aside_dead(study)
    trial = study.ask()  # its parameters are drawn when it is signed
    try:
        trial.set_user_attr("process", _process(os.getpid()))
    except RuntimeError:  # another process has taken this one for dead
        return next_trial(study, space, count)
    before = [other for other in study.get_trials(deepcopy=False) if other.number < trial.number]
    if sum(not any(mark in other.user_attrs for mark in SET_ASIDE) for other in before) >= count:
        trial.set_user_attr("surplus", True)  # another process was faster
        study.tell(trial, state=TrialState.FAIL)
        return None
    if before and study not in _joined:
        study.sampler.reseed_rng()  # with its seed it would draw what has been drawn
    _joined.add(study)
    for name, distribution in space.items():
        trial._suggest(name, distribution)
    return trial


def tell(study: optuna.Study, trial: Trial, values: list[float] | None, pruned: bool) -> None:
    """Say how a trial ended; without values it failed."""
    try:
        if pruned:
            study.tell(trial, state=TrialState.PRUNED)
        elif values is None:
            study.tell(trial, state=TrialState.FAIL)
        else:
            study.tell(trial, values)
    except (RuntimeError, ValueError):
        # A grid that is through would stop a loop of Optuna's, which there is none of here; or another process has
        # taken this one for dead.
        if not study.trials[trial.number].state.is_finished():
            raise


def counted(study: optuna.Study) -> list[FrozenTrial]:
    """Return the trials that have come to an end, each set of parameters that was begun once."""
    return [trial for trial in _counting(study) if trial.state.is_finished()]


def write_report(study: optuna.Study, folder: Path, objectives: list[str]) -> Table:
    """Write ``trials.csv`` and figures of a search's history and of the parameters' importance; return a table.

    The table begins with the best trials.
    """
    trials = counted(study)
    names = sorted({name for trial in trials for name in trial.params})
    columns = ["trial", "state", *objectives, *names, "seconds"]
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(columns)
    rows.writerows(_row(trial, names, len(objectives)) for trial in trials)
    write_text(folder / "trials.csv", text.getvalue())
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    if len(objectives) == 1:
        best = sorted(complete, key=lambda trial: trial.value, reverse=study.direction.name == "MAXIMIZE")
    else:
        best = study.best_trials if complete else []
    _draw(study, folder, objectives, len(complete))
    shown = Table(title=f"{study.study_name}: {len(trials)} trials, {len(complete)} complete; the best")
    for name in columns:
        shown.add_column(name, justify="right")
    for trial in best[:10]:
        shown.add_row(*(f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in _row(trial, names, 1)))
    return shown


def _storage(storage: str) -> str | BaseStorage:
    if not storage.endswith(".log"):
        return storage
    Path(storage).parent.mkdir(parents=True, exist_ok=True)
    # Held for milliseconds; a process that was killed leaves it behind.
    lock = JournalFileSymlinkLock(storage, grace_period=PATIENCE)
    return JournalStorage(JournalFileBackend(storage, lock))


def _counting(study: optuna.Study) -> list[FrozenTrial]:
    trials = study.get_trials(deepcopy=False)
    return [trial for trial in trials if not any(mark in trial.user_attrs for mark in SET_ASIDE)]


def _left(study: optuna.Study, count: int) -> bool:
    trials = _counting(study)
    return len(trials) < count or any(trial.state == TrialState.WAITING for trial in trials)


def _unsigned(trial: FrozenTrial) -> bool:
    return "process" not in trial.user_attrs


def _set_aside_dead(study: optuna.Study) -> None:
    for trial in _counting(study):
        if trial.state == TrialState.RUNNING and _is_dead(trial):
            try:
                study._storage.set_trial_user_attr(trial._trial_id, "killed", True)
                study.tell(trial.number, state=TrialState.FAIL)
            except (ValueError, RuntimeError):  # another process has done so first
                continue
            study.enqueue_trial(trial.params)


def _is_dead(trial: FrozenTrial) -> bool:
    if _unsigned(trial):  # by the clock of this process
        return time.monotonic() - _first_seen.setdefault(trial._trial_id, time.monotonic()) > PATIENCE
    host, number, _ = trial.user_attrs["process"]
    return host == socket.gethostname() and _process(number) != trial.user_attrs["process"]


def _process(number: int) -> list[Any]:
    """Return what tells a process from all others: its machine, its number and when it began."""
    try:
        begun = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        begun = "there" if not Path("/proc").is_dir() and _is_there(number) else None
    return [socket.gethostname(), number, begun]


def _is_there(number: int) -> bool:
    try:
        os.kill(number, 0)
    except OSError:
        return False
    return True


def _draw(study: optuna.Study, folder: Path, objectives: list[str], complete: int) -> None:
    """Draw the history of a search, or of several objectives the best compromises, and which parameters mattered."""
    if not complete:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        single = len(objectives) == 1
        if single:
            _save(plot_optimization_history(study, target_name=objectives[0]), folder / "history.png")
        elif len(objectives) <= 3:
            _save(plot_pareto_front(study, target_names=objectives), folder / "compromises.png")
        if single and complete > 3 and len(study.best_trial.params) > 1:
            judge = PedAnovaImportanceEvaluator()
            axes = plot_param_importances(study, evaluator=judge, target_name=objectives[0])
            _save(axes, folder / "importances.png")


def _save(axes: Axes, path: Path) -> None:
    figure = axes.get_figure()
    figure.savefig(path, dpi=150, bbox_inches="tight")
    pyplot.close(figure)


def _row(trial: FrozenTrial, names: list[str], objectives: int) -> list[Any]:
    values = list(trial.values or [])
    seconds = round(trial.duration.total_seconds(), 1) if trial.duration else ""
    parameters = [trial.params.get(name, "") for name in names]
    return [trial.number, trial.state.name.lower(), *values, *[""] * (objectives - len(values)), *parameters, seconds]
