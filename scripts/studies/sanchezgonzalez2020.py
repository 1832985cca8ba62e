"""What makes a learned simulator of water work (Sanchez-Gonzalez 2020, arXiv 2002.09405).

Trains ``paper/sanchezgonzalez2020_water`` as it is, without training noise, without the momentum constraint (γ = 0),
and with fewer blocks of messages, for each seed, skipping what is done. Then it writes one JSON file with the figures
of merit and their spread over the seeds, prints them as a table, and says which of the targets are met. Words before
the options go to every training; one folder holds runs of the same words alone. Run:
``python scripts/studies/sanchezgonzalez2020.py --seeds 1 2``; to see whether it works, add the words
``trainer=smoke data.train=64 data.validation=8 data.test=4`` before the options, and ``--folder /tmp/try``.
"""

import statistics
from pathlib import Path

from rich.console import Group
from rich.table import Table
from trainings import gather, study

EXPERIMENT = "experiment=paper/sanchezgonzalez2020_water"
VARIANTS = {
    "standard": [EXPERIMENT],
    "no_noise": [EXPERIMENT, "task.network.noise=0.0"],
    "gamma_0": [EXPERIMENT, "task.constraints.momentum_balance.weight=0.0"],
    "2_blocks": [EXPERIMENT, "task.network.blocks=2"],
    "1_block": [EXPERIMENT, "task.network.blocks=1"],
}
MERITS = (
    "next_position_error",
    "constant_velocity_error",
    "rollout_error_20",
    "rollout_error_100",
    "centre_of_mass_error",
    "momentum_error",
    "mass_inside",
)


def collect(folder: Path, variants: list[str], seeds: list[int]) -> dict:
    """Return the figures of merit of those variants that are finished: value and statistical error of each seed."""

    def describe(_: str, measured: dict[int, dict]) -> dict:
        merits = {name: {s: got["metrics"][name] for s, got in measured.items()} for name in MERITS}
        return {"merits": merits, "parameters": next(iter(measured.values()))["parameters"]}

    return gather(folder, {variant: VARIANTS[variant] for variant in variants}, seeds, describe)


def mean(found: dict, variant: str, merit: str) -> float:
    """Return the mean of a figure of merit over the seeds."""
    return statistics.fmean(entry["value"] for entry in found["variants"][variant]["merits"][merit].values())


def table(found: dict) -> Table:
    """Return the table "variant × figure of merit": mean over the seeds, and their spread or a single one's error."""
    shown = Table(title="mean ± spread over the seeds, or ± statistical error of a single one")
    for name in ("variant", *(merit.replace("_", " ") for merit in MERITS), "parameters", "seconds"):
        shown.add_column(name, justify="left" if name == "variant" else "right")
    for variant, entry in found["variants"].items():
        cells = []
        for merit in MERITS:
            seeds = list(entry["merits"][merit].values())
            error = statistics.stdev(e["value"] for e in seeds) if len(seeds) > 1 else seeds[0]["uncertainty"]
            cells.append(f"{mean(found, variant, merit):.3g} ± {error:.1g}")
        seconds = statistics.fmean(entry["train_seconds"].values())
        shown.add_row(variant, *cells, str(entry["parameters"]), f"{seconds:.0f}")
    return shown


def targets(found: dict) -> list[str]:
    """Return one line for each target: what was asked for, and what was found."""
    lines = []
    if "standard" in found["variants"]:
        ratio = mean(found, "standard", "next_position_error") / mean(found, "standard", "constant_velocity_error")
        lines.append(f"one-step error / constant velocity's: {ratio:.3f} (target < 0.1)")
    if {"standard", "no_noise"} <= found["variants"].keys():
        ratio = mean(found, "no_noise", "rollout_error_100") / mean(found, "standard", "rollout_error_100")
        lines.append(f"rollout error over 100 frames, without noise / with noise: {ratio:.2f} (target >= 3)")
    if {"standard", "gamma_0"} <= found["variants"].keys():
        ratio = mean(found, "gamma_0", "momentum_error") / mean(found, "standard", "momentum_error")
        lines.append(f"momentum error, γ = 0 / γ > 0: {ratio:.2f}")
    return lines


def report(found: dict) -> Group:
    """Return the table and the targets."""
    return Group(table(found), *targets(found))


if __name__ == "__main__":
    study("sanchezgonzalez2020", __doc__, VARIANTS, collect, report, seeds=[1])
