"""Figures of equations of motion that were found in data."""

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from physml.networks.sparse_dynamics import SparseDynamics
from physml.ops.integrators import integrate


def plot_forecast(network: SparseDynamics, x: Tensor, dt: float, steps: int = 20_000) -> Figure:
    """Draw the first trajectories and what the law that was found makes of their start, and the law itself.

    A chaotic trajectory is followed only for a while, the set on which it runs for ever.

    Args:
        network: The law.
        x: True trajectories that follow each other, shape (events, samples, variables).
        dt: Time between two samples.
        steps: How many samples to draw.
    """
    truth = x.flatten(0, 1)[: steps + 1]
    with torch.no_grad():
        found = integrate(network, truth[0].to(network.coefficients.dtype), dt, len(truth) - 1).numpy()
    t, truth = dt * np.arange(len(truth)), truth.numpy()
    figure = Figure(figsize=(12, 6), layout="constrained")
    grid = figure.add_gridspec(truth.shape[1], 2, width_ratios=[2, 1])
    panels: list = []
    for number, variable in enumerate(network.variables):
        panel = figure.add_subplot(grid[number, 0], sharex=panels[0] if panels else None)
        panel.plot(t, truth[:, number], color="black", lw=2.5, alpha=0.35, label="truth")
        panel.plot(t, found[:, number], color="C0", lw=1, label="law found")
        panel.set_ylabel(variable)
        panels.append(panel)
    panels[-1].set_xlabel("time")
    panels[0].legend(loc="upper right", ncols=2, fontsize="small")
    plane = figure.add_subplot(grid[:, 1])
    plane.plot(truth[:, 0], truth[:, -1], color="black", lw=1, alpha=0.35, label="truth")
    plane.plot(found[:, 0], found[:, -1], color="C0", lw=0.5, label="law found")
    plane.set(xlabel=network.variables[0], ylabel=network.variables[-1])
    figure.suptitle("   ".join(network.formulas()), fontsize="medium")
    return figure


def plot_coefficients(network: SparseDynamics, law: object) -> Figure:
    """Draw the coefficients that were found, with their spread, beside the true ones, and the relative error of each.

    Args:
        network: The law that was found.
        law: What has `terms`, the true coefficients by the powers of the variables.
    """
    truth = {
        (tuple(powers), column): value for powers, row in law.terms.items() for column, value in enumerate(row) if value
    }
    rows = [tuple(row) for row in network.powers.tolist()]
    coefficients = network.coefficients.detach()
    found = {(rows[row], column): float(coefficients[row, column]) for row, column in coefficients.nonzero().tolist()}
    labels = dict(zip(rows, network.terms, strict=True))
    keys = sorted(truth | found, key=lambda key: (key[1], rows.index(key[0])))
    figure = Figure(figsize=(7, 1.5 + 0.35 * len(keys)), layout="constrained")
    panel = figure.subplots()
    for place, key in enumerate(keys):
        panel.plot(
            truth.get(key, 0.0), place, "o", ms=9, mfc="none", color="black", label="true" if not place else None
        )
        spread = float(network.spread[rows.index(key[0]), key[1]])
        panel.errorbar(
            found.get(key, 0.0), place, xerr=spread, fmt="x", color="C0", label="found" if not place else None
        )
        error = f"{abs(found[key] / truth[key] - 1):.1e}" if key in truth and key in found else "wrong term"
        panel.annotate(error, (1.01, place), xycoords=("axes fraction", "data"), va="center", fontsize="small")
    panel.set_yticks(range(len(keys)), [f"{labels[powers]} in d{network.variables[c]}/dt" for powers, c in keys])
    panel.set(xlabel="coefficient", title="Coefficients, with their relative errors at the right")
    panel.invert_yaxis()
    panel.legend()
    return figure
