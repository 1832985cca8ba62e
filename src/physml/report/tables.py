"""Tables for the terminal."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table


def metrics_table(title: str, metrics: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return a table of metrics with their uncertainties and units.

    Args:
        title: Headline.
        metrics: By name: ``value``, ``uncertainty`` (standard error over the test events) and ``unit``.
    """
    table = Table(title=title, title_justify="left", title_style="bold")
    for column in ("test metric", "value", "± (stat.)", "unit"):
        table.add_column(column, justify="right" if column in ("value", "± (stat.)") else "left")
    for name, entry in metrics.items():
        # 0 is no statistical uncertainty: of a grid, or of one number, which may be wrong all the same.
        spread = f"{entry['uncertainty']:.2g}" if entry["uncertainty"] > 0 else "–"
        table.add_row(name, f"{entry['value']:.4g}", spread, entry["unit"] or "–")
    return table
