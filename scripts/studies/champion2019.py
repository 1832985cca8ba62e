"""Coordinates and law of a field behind which is the Lorenz system (Champion 2019, arXiv 1904.02107), over seeds.

Trains ``paper/champion2019_lorenz``, skipping what is done. Then it writes one JSON file with the figures of merit and
prints them as a table. A seed draws other trajectories and other first weights. Words before the options go to every
run; one folder holds runs of the same words alone.
Run: ``python scripts/studies/champion2019.py --seeds 1 2 3``; a run takes about 100 s of a core.
"""

import statistics
from pathlib import Path

from rich.table import Table
from trainings import commits, finished, results, study

from physml.runs.provenance import provenance

VARIANTS = {"lorenz": ["experiment=paper/champion2019_lorenz"]}
MERITS = (
    "unexplained_field",
    "unexplained_rate",
    "unexplained_latent_rate",
    "terms",
    "bent_coordinates",
    "coefficient_error",
)


def collect(folder: Path, variants: list[str], seeds: list[int]) -> dict:
    """Return the figures of merit of each seed that is finished."""
    (variant,) = variants
    runs = {seed: run for seed in seeds if (run := finished(folder, variant, seed))}
    measured = {seed: results(run) for seed, run in runs.items()}
    return {
        "provenance": provenance(seeds[0]),
        "merits": {name: {s: got["metrics"][name]["value"] for s, got in measured.items()} for name in MERITS},
        "train_seconds": {seed: got["train_seconds"] for seed, got in measured.items()},
        "git_commits": commits(list(runs.values())),
    }


def table(found: dict) -> Table:
    """Return the table "figure of merit × seed", with the mean."""
    shown, seeds = Table(title="by seed, and mean"), list(found["train_seconds"])
    for name in ("figure of merit", *(f"seed {seed}" for seed in seeds), "mean"):
        shown.add_column(name, justify="left" if name == "figure of merit" else "right")
    for merit, by_seed in found["merits"].items():
        values = [*by_seed.values(), statistics.fmean(by_seed.values())]
        shown.add_row(merit.replace("_", " "), *(f"{value:.2g}" for value in values))
    return shown


if __name__ == "__main__":
    study("champion2019", __doc__, VARIANTS, collect, table)
