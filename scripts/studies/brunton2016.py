"""The Lorenz equations from noisy trajectories (Brunton 2016, doi 10.1073/pnas.1517384113), over several seeds.

Fits ``paper/brunton2016_lorenz`` to measured derivatives with and without noise, and to noisy states alone, in weak
form without and with the refinement, skipping what is done. Then it writes one JSON file with the figures of merit, and
prints them as a table. Words before the options go to every run; one folder holds runs of the same words alone. Run:
``python scripts/studies/brunton2016.py --seeds 1 2 3 4 5 6 7 8 9 10``; a run takes seconds.
"""

import statistics
from pathlib import Path

from rich.table import Table
from trainings import gather, study

EXPERIMENT = "experiment=paper/brunton2016_lorenz"
REGRESSION = "task.refinement=null"
MEASURED = [
    EXPERIMENT,
    "task.form._target_=physml.tasks.sparse_regression.measured_derivatives",
    "~task.form.dt",
    REGRESSION,
]
VARIANTS = {
    "derivatives_exact": [*MEASURED, "data.source.state_noise=0"],
    "derivatives_0.01": [*MEASURED, "data.source.state_noise=0", "+data.source.derivative_noise=0.01"],
    "derivatives_0.1": [*MEASURED, "data.source.state_noise=0", "+data.source.derivative_noise=0.1"],
    "states_0.01_weak": [EXPERIMENT, "data.source.state_noise=0.01", REGRESSION],
    "states_0.1_weak": [EXPERIMENT, "data.source.state_noise=0.1", REGRESSION],
    "states_0.01": [EXPERIMENT, "data.source.state_noise=0.01"],
    "states_0.1": [EXPERIMENT, "data.source.state_noise=0.1"],
}
MERITS = ("wrong_terms", "coefficient_error", "worst_coefficient_error")


def collect(folder: Path, variants: list[str], seeds: list[int]) -> dict:
    """Return the figures of merit of each variant and seed that is finished."""

    def describe(_: str, measured: dict[int, dict]) -> dict:
        return {"merits": {name: {s: got["metrics"][name]["value"] for s, got in measured.items()} for name in MERITS}}

    return gather(folder, {variant: VARIANTS[variant] for variant in variants}, seeds, describe)


def table(found: dict) -> Table:
    """Return the table "variant × figure of merit": mean over the seeds and the worst of them."""
    shown = Table(title="mean over the seeds (worst of them)")
    for name in ("variant", *(merit.replace("_", " ") for merit in MERITS)):
        shown.add_column(name, justify="left" if name == "variant" else "right")
    for variant, entry in found["variants"].items():
        values = (list(entry["merits"][merit].values()) for merit in MERITS)
        shown.add_row(variant, *(f"{statistics.fmean(each):.2g} ({max(each):.2g})" for each in values))
    return shown


if __name__ == "__main__":
    study("brunton2016", __doc__, VARIANTS, collect, table, seeds=range(1, 11))
