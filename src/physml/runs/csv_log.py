"""All logged numbers of a run, in a CSV file."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only

from physml.runs.files import naming, write_text


class CSVLog(Logger):
    """Write what is logged to ``DIRECTORY/metrics.csv``: a row for each call, with the step in the column ``step``.

    A row is in the file when the call returns, so that a killed process loses none, and `resume` takes those back that
    a resumed training will log again.

    Args:
        directory: The run directory.
    """

    def __init__(self, directory: str) -> None:
        super().__init__()
        self.path = Path(directory) / "metrics.csv"
        self._columns: list[str] = []
        self._known: set[tuple[int, frozenset[str]]] = set()  # rows of the last step before a resumed training's first

    @property
    def name(self) -> str:
        """Return the name of the file."""
        return self.path.name

    @property
    def version(self) -> str:
        """Return nothing: a run has one log."""
        return ""

    @property
    def save_dir(self) -> str:
        """Return the run directory."""
        return str(self.path.parent)

    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """Do nothing: they are in ``config.yaml``."""

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Add a row."""
        row = {**{name: float(value) for name, value in metrics.items()}, "step": step}
        if (step, frozenset(row)) in self._known:
            return
        if fresh := sorted(set(row) - set(self._columns)):
            rows = self._rows()
            self._columns = sorted([*self._columns, *fresh])
            write_text(self.path, _table(self._columns, rows, header=True))
        with naming(self.path), self.path.open("a", newline="") as file:
            file.write(_table(self._columns, [row], header=False))

    @rank_zero_only
    def resume(self, step: int) -> None:
        """Take back the rows from a step on, and take none twice of the step before it."""
        rows = [row for row in self._rows() if int(row["step"]) < step]
        if rows:
            self._columns = list(rows[0])
            write_text(self.path, _table(self._columns, rows, header=True))
        else:
            self.path.unlink(missing_ok=True)
        self._known = {
            (step - 1, frozenset(name for name, value in row.items() if value))
            for row in rows
            if int(row["step"]) == step - 1
        }

    def _rows(self) -> list[dict[str, str]]:
        if not self.path.is_file():
            return []
        with self.path.open(newline="") as file:
            # A row that a killed process has left half written has too few fields.
            return [row for row in csv.DictReader(file) if None not in row.values() and row["step"].isdigit()]


def _table(columns: list[str], rows: list[Mapping[str, Any]], header: bool) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    if header:
        writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
