"""Figures of learned densities in the plane."""

from collections.abc import Callable

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn


def plot_density(
    network: nn.Module, x: Tensor, truth: Callable[[np.ndarray], np.ndarray], samples: int = 2000, points: int = 200
) -> Figure:
    """Draw the true density, the learned one, and samples of the learned one.

    Args:
        network: Gives log q of points, shape (points, 2) to (points,), and ``sample(count, generator)``.
        x: Events, shape (events, 2), which set the limits of the axes.
        truth: True log-density of points, shape (points, 2) to (points,).
        samples: Number of samples to draw.
        points: Grid points along each axis.

    Raises:
        ValueError: The network cannot sample.
    """
    if not hasattr(network, "sample"):
        raise ValueError(
            f"expected a network that can sample, got {type(network).__name__}: choose network=flow or network=gaussian"
        )
    low, high = x.min(0).values.numpy() - 0.3, x.max(0).values.numpy() + 0.3
    axes = [np.linspace(low[k], high[k], points) for k in (0, 1)]
    grid = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    with torch.no_grad():
        learned = network(torch.as_tensor(grid, dtype=x.dtype)).numpy()
    densities = {"True density": np.exp(truth(grid)), "Learned density": np.exp(learned)}
    brightest = densities["True density"].max()

    figure = Figure(figsize=(13, 3.6), layout="constrained")
    panels = figure.subplots(1, 3, sharex=True, sharey=True)
    for panel, (title, density) in zip(panels, densities.items(), strict=False):
        image = panel.pcolormesh(*axes, density.reshape(points, points), vmin=0, vmax=brightest, rasterized=True)
        panel.set_title(title)
    figure.colorbar(image, ax=panels[:2], shrink=0.65, label="Density (per unit area)")
    drawn = network.sample(samples, torch.Generator().manual_seed(0)).numpy()
    panels[2].scatter(*drawn.T, s=3, alpha=0.5)
    panels[2].set_title(f"{samples} samples of the learned density")
    for panel in panels:
        panel.set(xlabel="x₁", xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
    panels[0].set_ylabel("x₂")
    return figure
