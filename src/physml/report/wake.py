"""Figures of a flow in the plane: its vorticity and its pressure beside the truth."""

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from physml.ops.grid_derivatives import grid_derivatives


def plot_wake(network: nn.Module, x: Tensor, prediction: Tensor, target: Tensor) -> Figure:
    """Draw vorticity and pressure at the middle one of the times: the truth, the field and its error.

    The pressure is known up to a function of time, which is taken from the truth.

    Args:
        network: The field, which gives derivatives.
        x: All points of a grid, time and place, shape (points, 3); time by time.
        prediction: u, v and p of the field there, shape (points, 3).
        target: Those of the truth, shape (points, 3).

    Raises:
        ValueError: The points are no grid.
    """
    t, across, along = (torch.unique(column) for column in (x[:, 0], x[:, 1], x[:, 2]))
    shape = (len(t), len(across), len(along))
    if len(x) != np.prod(shape):
        raise ValueError(
            f"expected all points of a grid of {' × '.join(map(str, shape))} times and places, got {len(x)}: "
            "raise callbacks.figures.events to all of them"
        )
    moment = len(t) // 2
    one = slice(moment * shape[1] * shape[2], (moment + 1) * shape[1] * shape[2])
    places, (u, v, p) = x[one], target[one].T.reshape(3, *shape[1:]).numpy()
    axes = {"x": across.numpy(), "y": along.numpy()}
    slopes = grid_derivatives({"u": u, "v": v}, axes, ["v_x", "u_y"])
    known = network.derivatives(places, ["v_x", "u_y"])
    vorticity = (known["v_x"] - known["u_y"]).reshape(shape[1:]).numpy()
    pressure = prediction[one, 2].reshape(shape[1:]).numpy()
    curl = (slopes["v_x"] - slopes["u_y"]).numpy()
    rows = {
        "vorticity": (curl, vorticity, {"cmap": "RdBu_r", "vmin": -abs(curl).max(), "vmax": abs(curl).max()}),
        "pressure": (p, pressure - (pressure - p).mean(), {"vmin": p.min(), "vmax": p.max()}),
    }
    figure = Figure(figsize=(13, 5), layout="constrained")
    for panels, (name, (truth, field, style)) in zip(figure.subplots(2, 3), rows.items(), strict=True):
        error = field - truth
        around = {"cmap": "RdBu_r", "vmin": -abs(error).max(), "vmax": abs(error).max()}
        for panel, values, title, colours in (
            (panels[0], truth, f"{name}, truth", style),
            (panels[1], field, f"{name}, field", style),
            (panels[2], error, f"error of the {name}", around),
        ):
            image = panel.pcolormesh(*axes.values(), values.T, shading="gouraud", **colours)
            panel.set(xlabel="x", ylabel="y", title=title, aspect="equal")
            figure.colorbar(image, ax=panel, shrink=0.7)
    figure.suptitle(f"t = {float(t[moment]):.3g}")
    return figure
