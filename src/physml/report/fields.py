"""Figures of fields over time and space, or over a plane."""

from collections.abc import Sequence

import torch
from matplotlib.figure import Figure
from torch import Tensor


def plot_solution(
    x: Tensor,
    prediction: Tensor,
    target: Tensor,
    variables: Sequence[str] = ("t", "x"),
    slices: Sequence[float] = (1 / 3, 2 / 3, 1.0),
) -> Figure:
    """Draw a field over time and space, its error, and slices of it at some times beside the truth.

    Of a field with several components, such as real and imaginary part, it is the modulus.

    Args:
        x: All points of a grid, time and place or the two places of a plane, shape (points, 2).
        prediction: The field there, shape (points, components).
        target: The truth there, shape (points, components).
        variables: A letter for each column of x.
        slices: Where along the first one to draw, in parts of its range.

    Raises:
        ValueError: The points are no grid.
    """
    t, column = torch.unique(x[:, 0], return_inverse=True)
    place, row = torch.unique(x[:, 1], return_inverse=True)
    if len(x) != len(t) * len(place):
        raise ValueError(
            f"expected all points of a grid of {len(t)} × {len(place)}, got {len(x)}: "
            "raise callbacks.figures.events to all of them"
        )
    field, truth = (torch.empty(len(place), len(t), dtype=x.dtype) for _ in range(2))
    field[row, column], truth[row, column] = _drawn(prediction).to(x.dtype), _drawn(target).to(x.dtype)
    figure = Figure(figsize=(12, 7), layout="constrained")
    grid = figure.add_gridspec(2, 1)
    above = grid[0].subgridspec(1, 2).subplots()
    relative = float((field - truth).norm() / truth.norm())
    t, place, field, truth = (each.numpy() for each in (t, place, field, truth))
    error = field - truth
    limit = abs(error).max()
    images = [
        above[0].pcolormesh(t, place, field, shading="nearest"),
        above[1].pcolormesh(t, place, error, shading="nearest", cmap="RdBu", vmin=-limit, vmax=limit),
    ]
    for panel, image, title in zip(above, images, ("field", f"error, {relative:.1e} of the norm"), strict=True):
        panel.set(xlabel=variables[0], ylabel=variables[1], title=title)
        figure.colorbar(image, ax=panel)
    below = grid[1].subgridspec(1, len(slices)).subplots(sharey=True, squeeze=False)
    for part, panel in zip(slices, below.flat, strict=True):
        moment = round(part * (len(t) - 1))
        panel.plot(place, truth[:, moment], color="black", lw=3, alpha=0.35, label="truth")
        panel.plot(place, field[:, moment], color="C0", lw=1, label="field")
        panel.set(xlabel=variables[1], title=f"{variables[0]} = {float(t[moment]):.3g}")
    figure.axes[-1].legend()
    return figure


def _drawn(values: Tensor) -> Tensor:
    """The one component, or the modulus of several. Shapes: (points, components) → (points,)."""
    return values[:, 0] if values.shape[1] == 1 else values.norm(dim=1)
