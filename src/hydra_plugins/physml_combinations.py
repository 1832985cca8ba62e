"""The sweeper of all combinations of listed values, where Hydra looks for sweepers; it ends in one table."""

import sys
from itertools import chain
from pathlib import Path
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper


class CombinationsSweeper(BasicSweeper):
    """Hydra's own sweeper, which puts the runs together at the end: see `physml.runs.summary`.

    It does so by the files that the runs have left, whatever launched them, and also if one of them has failed.
    """

    def sweep(self, arguments: list[str]) -> Any:
        """Run the jobs, and print the table of their results."""
        try:
            return super().sweep(arguments)
        finally:
            if self.overrides is not None:
                self._summarise(Path(self.config.hydra.sweep.dir))

    def _summarise(self, folder: Path) -> None:
        from rich.console import Console

        from physml.runs.summary import summarise

        try:
            table = summarise(folder, list(chain(*self.overrides)))
        except (OSError, ValueError, KeyError) as error:  # must not hide what ended the sweep
            print(
                f"physml: the results in {folder} are not summarised: {' '.join(str(error).split())}", file=sys.stderr
            )
            return
        if table is not None:
            Console().print(table)
            print(f"sweep directory: {folder}")
