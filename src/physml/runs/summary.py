"""The runs of a sweep, put together: mean and spread of each metric over seeds and folds."""

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from hydra.core.utils import filter_overrides
from rich.console import Group
from rich.table import Table

from physml.runs.directory import without_nan
from physml.runs.files import write_text

REPEATED = ("seed", "data.seed", "data.fold.number")  # keys by which the runs of one setting may differ
SPREAD = "standard deviation of single runs (n - 1 in the denominator), not the error of their mean"


@dataclass(frozen=True)
class Run:
    """One job of a sweep.

    Args:
        number: Its number in the sweep.
        words: Its words of the command line, values by key.
        directory: Its run directory; None if it made none.
        results: What its ``results.json`` holds; None if it failed, or is not at its end.
    """

    number: int
    words: dict[str, str]
    directory: Path | None
    results: dict[str, Any] | None

    @cached_property
    def metrics(self) -> dict[str, float]:
        """Test metrics by name, and the best value of the metric that is monitored; NaN where one is no number."""
        if self.results is None:
            return {}
        found = {name: entry["value"] for name, entry in self.results["metrics"].items()}
        found |= {f"best {name}": value for name, value in self.results.get("best", {}).items()}
        return {name: float("nan") if value is None else value for name, value in found.items()}

    @property
    def units(self) -> dict[str, str]:
        """The units of the test metrics that have one."""
        metrics = self.results["metrics"] if self.results else {}
        return {name: entry["unit"] for name, entry in metrics.items() if entry["unit"]}


@dataclass(frozen=True)
class Setting:
    """Runs that differ in their seed or fold only.

    Args:
        words: The words of the command line that they share, values by key.
        runs: The runs.
    """

    words: dict[str, str]
    runs: list[Run]

    @property
    def finished(self) -> list[Run]:
        """The runs that have results: those that are averaged."""
        return [run for run in self.runs if run.results is not None]

    def statistics(self) -> dict[str, tuple[float, float]]:
        """Return mean and spread of each metric by its name; the spread of one run is NaN."""
        names = dict.fromkeys(name for run in self.finished for name in run.metrics)
        found = {}
        for name in names:
            values = np.array([run.metrics.get(name, np.nan) for run in self.finished])
            found[name] = float(values.mean()), float(values.std(ddof=1)) if len(values) > 1 else float("nan")
        return found


def summarise(folder: Path, jobs: Sequence[Sequence[str]]) -> Group | None:
    """Write ``runs.csv``, each run with its metrics, and ``summary.json``, mean and spread; return what to print.

    A run without results is named in all three and not averaged. The best value of the monitored metric, that of the
    validation events in the epoch whose weights are kept, is chosen by those events; the test metrics are not.

    Args:
        folder: The directory of the sweep.
        jobs: The words of the command line of each job.

    Returns:
        A table with notes; None, and nothing is written, where no job has come so far as to make its run directory.
    """
    runs = read_runs(folder, jobs)
    if all(run.directory is None for run in runs):
        return None
    settings = by_setting(runs)
    write_text(folder / "runs.csv", _csv(folder, runs))
    write_text(folder / "summary.json", json.dumps(without_nan(_contents(settings)), indent=2, allow_nan=False) + "\n")
    return Group(summary_table(settings), *_notes(settings))


def read_runs(folder: Path, jobs: Sequence[Sequence[str]]) -> list[Run]:
    """Return the run of each job, found by the words that its directory notes, the newest if there are several."""
    noted = sorted(folder.rglob("overrides.yaml"), key=lambda file: file.stat().st_mtime)
    made = [(yaml.safe_load(file.read_text(encoding="utf-8")), file.parent) for file in noted]
    runs = []
    for number, job in enumerate(jobs):
        words = filter_overrides(job)
        place = next((place for place in reversed(range(len(made))) if made[place][0] == words), None)
        directory = None if place is None else made.pop(place)[1]
        file = directory and directory / "results.json"
        results = json.loads(file.read_text(encoding="utf-8")) if file and file.is_file() else None
        pairs = (word.partition("=") for word in words)
        runs.append(Run(number, {key.lstrip("+"): value for key, _, value in pairs}, directory, results))
    return runs


def by_setting(runs: Sequence[Run]) -> list[Setting]:
    """Return the runs, those together whose words differ in the seed or the fold only."""
    groups: dict[tuple, list[Run]] = {}
    for run in runs:
        shared = {key: value for key, value in run.words.items() if key not in REPEATED}
        groups.setdefault(tuple(shared.items()), []).append(run)
    return [Setting(dict(words), members) for words, members in groups.items()]


def summary_table(settings: Sequence[Setting]) -> Table:
    """Return a table of one setting, run by run and then their mean and spread, or of several, a row for each."""
    runs = [run for setting in settings for run in setting.runs]
    names = list(dict.fromkeys(name for run in runs for name in run.metrics))
    units = {name: unit for run in runs for name, unit in run.units.items()}
    experiments = dict.fromkeys(run.results["experiment"] for run in runs if run.results)
    title = f"{', '.join(experiments) or 'no results'}: {len(runs)} run{'s' if len(runs) > 1 else ''}"
    table = Table(title=title, title_justify="left", title_style="bold")
    single = len(settings) == 1
    varied = _varied([run.words for run in runs] if single else [setting.words for setting in settings])
    for name in ["run", *varied, *names] if single else [*varied, "runs", *names]:
        unit = f"\n({units[name]})" if name in units else ""
        narrow = re.sub(r"(?<=[._ ])", "\n", name)  # a line for each word of it
        table.add_column(narrow + unit, justify="right", overflow="fold")
    (_add_runs if single else _add_settings)(table, settings, varied, names)
    return table


def _add_runs(table: Table, settings: Sequence[Setting], varied: list[str], names: list[str]) -> None:
    (setting,) = settings
    for run in setting.runs:
        words = [run.words.get(key, "–") for key in varied]
        table.add_row(str(run.number), *words, *(_number(run.metrics.get(name)) for name in names))
    if len(setting.finished) > 1:
        statistics = setting.statistics().values()
        table.add_section()
        table.add_row("mean", *[""] * len(varied), *(_number(mean) for mean, _ in statistics))
        table.add_row("spread", *[""] * len(varied), *(f"{spread:.2g}" for _, spread in statistics))


def _add_settings(table: Table, settings: Sequence[Setting], varied: list[str], names: list[str]) -> None:
    for setting in settings:
        finished, statistics = len(setting.finished), setting.statistics()
        count = str(finished) if finished == len(setting.runs) else f"{finished} of {len(setting.runs)}"
        cells = []
        for name in names:
            mean, spread = statistics.get(name, (None, float("nan")))
            cells.append(_number(mean) + (f" ± {spread:.2g}" if finished > 1 and mean is not None else ""))
        table.add_row(*(setting.words.get(key, "–") for key in varied), count, *cells)


def _notes(settings: Sequence[Setting]) -> list[str]:
    """What ± means, and which runs are missing."""
    runs = [run for setting in settings for run in setting.runs]
    varied = _varied([run.words for run in runs])
    averaged = any(len(setting.finished) > 1 for setting in settings)
    notes = [f"{'spread' if len(settings) == 1 else '±'}: {SPREAD}"] if averaged else []
    for run in runs:
        if run.results is None:
            words = ", ".join(f"{key}={run.words[key]}" for key in varied if key in run.words)
            notes.append(f"no results, and not averaged: run {run.number}{f' ({words})' if words else ''}")
    return notes


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _varied(words: Sequence[dict[str, str]]) -> list[str]:
    """The keys whose values differ."""
    keys = dict.fromkeys(key for each in words for key in each)
    return [key for key in keys if len({each.get(key) for each in words}) > 1]


def _csv(folder: Path, runs: Sequence[Run]) -> str:
    varied = _varied([run.words for run in runs])
    names = list(dict.fromkeys(name for run in runs for name in run.metrics))
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["run", *varied, "state", *names, "directory"])
    for run in runs:
        words = [run.words.get(key, "") for key in varied]
        state = "no results" if run.results is None else "finished"
        place = run.directory.relative_to(folder) if run.directory else ""
        rows.writerow([run.number, *words, state, *(run.metrics.get(name, "") for name in names), place])
    return text.getvalue()


def _contents(settings: Sequence[Setting]) -> dict[str, Any]:
    """What ``summary.json`` holds."""
    return {
        "spread": SPREAD,
        "settings": [
            {
                "words": setting.words,
                "runs": [run.number for run in setting.finished],
                "without_results": [run.number for run in setting.runs if run.results is None],
                "metrics": {
                    name: {
                        "mean": mean,
                        "spread": spread,
                        "unit": next((run.units.get(name, "") for run in setting.finished), ""),
                    }
                    for name, (mean, spread) in setting.statistics().items()
                },
            }
            for setting in settings
        ],
    }
