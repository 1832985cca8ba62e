"""Laws behind scattered values of a field (Raissi 2018, arXiv 1801.06637), over several seeds, published against ours.

Trains the experiments ``paper/raissi2018_*``, skipping what is done. Then it writes one JSON file with the figures of
merit and the published ones, and prints them as a table. A seed draws other points and other first weights. Words
before the options go to every run; one folder holds runs of the same words alone.
Run: ``python scripts/studies/raissi2018.py --seeds 1 2 3``; a run takes 20 s, of the flow up to 50 minutes, of a core.
"""

import statistics
from pathlib import Path

from rich.table import Table
from trainings import gather, study

# 1 % of the standard deviation; the paper's own scripts set 0. Steps with fewer points would follow their noise.
NOISE = ["data.source.noise=0.01", "data.batch_size=10000", "task.field_epochs=2", "trainer.max_epochs=3"]
VARIANTS = {
    "burgers": ["experiment=paper/raissi2018_burgers"],
    "burgers_noise": ["experiment=paper/raissi2018_burgers", *NOISE],
    "kdv": ["experiment=paper/raissi2018_kdv"],
    "ks": ["experiment=paper/raissi2018_ks"],
    "schroedinger": ["experiment=paper/raissi2018_schroedinger"],
    "navier_stokes": ["experiment=paper/raissi2018_navier_stokes"],
}
# Relative errors of the learnt equation's solution: all times, those that were trained on, another start; for
# Schrödinger's equation, of the modulus. The paper's flow is another one.
PUBLISHED = {
    "burgers": {"evolution_error": 4.78e-3, "evolution_error_trained": 3.89e-3, "evolution_error_other": 7.33e-2},
    "kdv": {"evolution_error": 6.28e-2, "evolution_error_trained": 3.78e-2, "evolution_error_other": 3.44e-2},
    "ks": {"evolution_error": 7.63e-2},
    "schroedinger": {"modulus_error": 6.28e-3},
    "navier_stokes": {"evolution_error": 5.79e-3},
}
MERITS = (
    "field_error",
    "evolution_error",
    "evolution_error_trained",
    "evolution_error_other",
    "modulus_error",
    "formula_error",
    "formula_error_other",
    "formula_modulus_error",
    "wrong_terms",
    "worst_coefficient_error",
)


def collect(folder: Path, variants: list[str], seeds: list[int]) -> dict:
    """Return the figures of merit of each variant and seed that is finished, beside the published ones."""

    def describe(variant: str, measured: dict[int, dict]) -> dict:
        return {"published": PUBLISHED.get(variant, {}), "merits": _merits(measured)}

    return gather(folder, {variant: VARIANTS[variant] for variant in variants}, seeds, describe)


def _merits(measured: dict[int, dict]) -> dict[str, dict[int, float | None]]:
    """The figures of merit that the runs have, by seed; None where the law's solution did not stay finite."""
    known = [name for name in MERITS if all(name in got["metrics"] for got in measured.values())]
    return {name: {seed: got["metrics"][name]["value"] for seed, got in measured.items()} for name in known}


def table(found: dict) -> Table:
    """Return the table "figure of merit × variant": published, then the mean over the seeds and the worst of them."""
    shown = Table(title="published → mean over the seeds (worst of them)")
    for name in ("variant", *(merit.replace("_", " ") for merit in MERITS)):
        shown.add_column(name, justify="left" if name == "variant" else "right")
    for variant, entry in found["variants"].items():
        shown.add_row(variant, *(_cell(entry, merit) for merit in MERITS))
    return shown


def _cell(entry: dict, merit: str) -> str:
    if merit not in entry["merits"]:
        return ""
    values = list(entry["merits"][merit].values())
    published = f"{entry['published'][merit]:.2e} → " if merit in entry["published"] else ""
    if None in values:  # the law's solution did not stay finite
        return f"{published}none for {values.count(None)} of {len(values)}"
    return f"{published}{statistics.fmean(values):.2g} ({max(values):.2g})"


if __name__ == "__main__":
    study("raissi2018", __doc__, VARIANTS, collect, table)
