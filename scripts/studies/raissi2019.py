"""Equations solved by a field, and their coefficients found (Raissi 2019, doi 10.1016/j.jcp.2018.10.045), over seeds.

Trains the experiments ``paper/raissi2019_*``, and ``poisson``, ``helmholtz`` and ``wave``, skipping what is done. Then
it writes one JSON file with the figures of merit and the published ones, and prints them as a table. A seed draws other
points and other first weights. Words before the options go to every run; one folder holds runs of the same words alone.
Run: ``python scripts/studies/raissi2019.py --seeds 1 2 3``; a run takes 15 s to ten minutes of a core.
"""

import math
import statistics
from pathlib import Path

from rich.table import Table
from trainings import gather, study

VARIANTS = {
    "burgers": ["experiment=paper/raissi2019_burgers"],
    "burgers_long": ["experiment=paper/raissi2019_burgers", "trainer.max_epochs=35"],
    "schroedinger": ["experiment=paper/raissi2019_schroedinger"],
    "allen_cahn": ["experiment=paper/raissi2019_allen_cahn"],
    "identification": ["experiment=paper/raissi2019_burgers_identification"],
    "identification_noise": ["experiment=paper/raissi2019_burgers_identification", "data.source.noise=0.01"],
    "cylinder_wake": ["experiment=paper/raissi2019_cylinder_wake"],
    "cylinder_wake_noise": ["experiment=paper/raissi2019_cylinder_wake", "data.source.noise=0.01"],
    "poisson": ["experiment=poisson"],
    "helmholtz": ["experiment=helmholtz"],
    "wave": ["experiment=wave"],
}
# Relative errors; of Schrödinger's equation the paper's is that of |u|. The paper's wake is another one.
PUBLISHED = {
    "burgers": {"relative_error": 6.7e-4},
    "burgers_long": {"relative_error": 6.7e-4},
    "schroedinger": {"relative_error": 1.97e-3},
    "allen_cahn": {"relative_error": 6.99e-3},
    "identification": {"advection": 9.6e-4, "viscosity": 4.69e-3},
    "cylinder_wake": {"advection": 7.8e-4, "viscosity": 4.67e-2},
}
ERRORS = ("relative_error", "u_error", "v_error", "p_error")
COEFFICIENTS = ("advection", "viscosity")


def merits(variant: str, metrics: dict) -> dict[str, float]:
    """Return the relative errors of a run: of its fields, and of the coefficients that it found."""
    truth = {"advection": 1.0, "viscosity": 0.01 if variant.startswith("cylinder") else 0.01 / math.pi}
    found = {name: metrics[name]["value"] for name in ERRORS if name in metrics}
    return found | {name: abs(metrics[name]["value"] / truth[name] - 1) for name in COEFFICIENTS if name in metrics}


def collect(folder: Path, variants: list[str], seeds: list[int]) -> dict:
    """Return the figures of merit of each variant and seed that is finished, beside the published ones."""

    def describe(variant: str, measured: dict[int, dict]) -> dict:
        by_seed = {seed: merits(variant, got["metrics"]) for seed, got in measured.items()}
        return {"published": PUBLISHED.get(variant, {}), "merits": by_seed}

    return gather(folder, {variant: VARIANTS[variant] for variant in variants}, seeds, describe)


def table(found: dict) -> Table:
    """Return the table "figure of merit × variant": published, then the mean over the seeds and the worst of them."""
    shown = Table(title="relative errors: published → mean over the seeds (worst of them)")
    for name in ("variant", "field", "u", "v", "p", "advection", "viscosity"):
        shown.add_column(name, justify="left" if name == "variant" else "right")
    for variant, entry in found["variants"].items():
        shown.add_row(variant, *(_cell(entry, merit) for merit in ERRORS + COEFFICIENTS))
    return shown


def _cell(entry: dict, merit: str) -> str:
    values = [merits[merit] for merits in entry["merits"].values() if merit in merits]
    if not values:
        return ""
    published = f"{entry['published'][merit]:.2e} → " if merit in entry["published"] else ""
    return f"{published}{statistics.fmean(values):.2g} ({max(values):.2g})"


if __name__ == "__main__":
    study("raissi2019", __doc__, VARIANTS, collect, table)
