"""Learning curves of a run."""

import csv
from collections import defaultdict
from pathlib import Path

from matplotlib.figure import Figure

EXACT = 1e-10  # below it a constraint shows nothing but the rounding of single precision


def read_curves(path: str | Path) -> dict[str, tuple[list[int], list[float]]]:
    """Return the logged quantities of a ``metrics.csv`` by name, each as its steps and values."""
    curves: dict[str, tuple[list[int], list[float]]] = defaultdict(lambda: ([], []))
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            for name, value in row.items():
                if value and name not in ("step", "epoch"):
                    curves[name][0].append(int(row["step"]))
                    curves[name][1].append(float(value))
    return dict(curves)


def plot_learning_curves(curves: dict[str, tuple[list[int], list[float]]]) -> Figure:
    """Return a figure of the loss and of each constraint Ω_k in training and validation against the step.

    What is never negative, and not always zero, has a logarithmic axis, on which a batch that obeys a constraint
    exactly is a gap. A constraint that the network obeys exactly in all batches is left out.
    """
    names = [
        name.removeprefix("train/")
        for name, (_, values) in curves.items()
        if name == "train/loss" or (name.startswith("train/omega/") and max(values) > EXACT)
    ]
    figure = Figure(figsize=(4.5 * max(1, len(names)), 3.2), layout="constrained")
    for axes, name in zip(figure.subplots(1, max(1, len(names)), squeeze=False)[0], names, strict=False):
        for stage, colour in (("train", "C0"), ("val", "C1")):
            if f"{stage}/{name}" in curves:
                axes.plot(
                    *curves[f"{stage}/{name}"],
                    color=colour,
                    label=stage,
                    lw=1,
                    marker="o" if stage == "val" else None,
                    ms=3,
                )
        values = [v for stage in ("train", "val") for v in curves.get(f"{stage}/{name}", ([], []))[1]]
        if min(values) >= 0 and max(values) > 0:
            axes.set_yscale("log", nonpositive="mask")
        axes.set(xlabel="step", ylabel=name.replace("omega/", "Ω "))
        axes.legend(frameon=False)
    return figure
