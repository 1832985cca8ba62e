"""Figures of predicted positions of bodies."""

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from physml.metrics.nbody import linear_error, position_error


def plot_positions(x: Tensor, prediction: Tensor, target: Tensor, events: int = 6) -> Figure:
    """Draw the first events from the side: where bodies start, where they end, and where they were predicted.

    Args:
        x: Position, velocity, charge, shape (events, bodies, 7).
        prediction: Predicted positions, shape (events, bodies, 3).
        target: True positions, shape (events, bodies, 3).
        events: How many events to draw.
    """
    figure = Figure(figsize=(11, 7.5), layout="constrained")
    panels = figure.subplots(2, -(-events // 2), squeeze=False).flat
    for panel, state, guess, truth in zip(panels, x.numpy(), prediction.numpy(), target.numpy(), strict=False):
        colours = np.where(state[:, 6] > 0, "tab:red", "tab:blue")
        for begin, end, colour in zip(state, truth, colours, strict=True):
            panel.plot([begin[0], end[0]], [begin[1], end[1]], color=colour, alpha=0.5, lw=1)
        panel.quiver(*state[:, [0, 1, 3, 4]].T, color=colours, angles="xy", scale_units="xy", scale=2, width=0.006)
        panel.scatter(*truth[:, :2].T, s=70, facecolors="none", edgecolors=colours, label="true")
        panel.scatter(*guess[:, :2].T, s=30, marker="x", color="black", label="predicted", zorder=3)
        panel.set_aspect("equal", adjustable="datalim")
        panel.set(xlabel="x (dimensionless)", ylabel="y (dimensionless)")
    figure.axes[0].legend(fontsize="small")
    figure.suptitle("Charges: red +1, blue −1; arrows are half the initial velocities")
    return figure


def plot_errors(x: Tensor, prediction: Tensor, target: Tensor) -> Figure:
    """Draw the distribution of the events' mean squared errors, beside that of uniform motion.

    Args:
        x: Position, velocity, charge, shape (events, bodies, 7).
        prediction: Predicted positions, shape (events, bodies, 3).
        target: True positions, shape (events, bodies, 3).
    """
    rivals = {"network": position_error(prediction, target), "uniform motion": linear_error(x, target)}
    figure = Figure(figsize=(6.5, 4.5), layout="constrained")
    panel = figure.subplots()
    smallest = min(float(errors.min()) for errors in rivals.values())
    bins = np.geomspace(max(smallest, 1e-8), max(float(errors.max()) for errors in rivals.values()), 50)
    for name, errors in rivals.items():
        counted = errors.numpy().clip(bins[0])  # what is below the first bin is counted in it
        panel.hist(counted, bins, histtype="step", lw=1.5, label=f"{name}: mean {errors.mean():.2g}")
    panel.set(xscale="log", xlabel="Mean squared error of an event's coordinates (length²)", ylabel="Events")
    panel.legend()
    return figure
