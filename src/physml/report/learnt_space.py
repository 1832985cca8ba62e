"""Figure of the space in which a GravNet has learnt to look for neighbours."""

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor, nn

from physml.networks.gravnet import GravNetLayer
from physml.ops.named import call
from physml.report.showers import typical_event

HALF_WEIGHT = np.sqrt(np.log(2) / 10)  # where the weight exp(−10 d²) of a GravNet layer is one half


def coordinates(network: nn.Module, x: Tensor, offsets: Tensor) -> list[Tensor]:
    """Return the points' coordinates in the learnt space S of each GravNet layer, in the layers' order.

    Args:
        network: A network with GravNet layers.
        x: Features, shape (points, features).
        offsets: Event i owns the points offsets[i]:offsets[i + 1], shape (events + 1,).

    Shapes:
        list of (points, space_dimensions)

    Raises:
        ValueError: The network has no GravNet layer.
    """
    layers = [module for module in network.modules() if isinstance(module, GravNetLayer)]
    if not layers:
        raise ValueError(f"{type(network).__name__} has no GravNet layer to show: set this plot to null")
    found: list[Tensor] = []
    hooks = [layer.space.register_forward_hook(lambda _, __, output: found.append(output)) for layer in layers]
    try:
        call(network, {"x": x, "offsets": offsets})
    finally:
        for hook in hooks:
            hook.remove()
    return found


def plot_learnt_space(
    network: nn.Module, x: Tensor, prediction: Tensor, target: Tensor, energy: Tensor, offsets: Tensor
) -> Figure:
    """Draw the sensors of one event in the learnt space of each GravNet layer, coloured by their true fraction.

    The space is seen along its two principal axes, whose share of the variance the title gives. The bar is the distance
    at which a neighbour's message has half its weight, √(ln 2 / 10), where the space is that wide. The event is that of
    `physml.report.showers.plot_event`.

    Args:
        network: A network with GravNet layers.
        x: Features of the sensors, shape (points, features).
        prediction: Predicted fractions, shape (points, showers).
        target: True fractions, shape (points, showers).
        energy: Energies of the sensors in GeV, shape (points,).
        offsets: Event i owns the points offsets[i]:offsets[i + 1], shape (events + 1,).
    """
    event = typical_event(prediction, target, energy, offsets)
    points = slice(int(offsets[event]), int(offsets[event + 1]))
    spaces = coordinates(network, x[points], torch.tensor([0, points.stop - points.start]))
    size = 60 * np.sqrt(np.clip(energy[points].numpy(), 0, None))
    fraction = target[points, 0].numpy()
    figure = Figure(figsize=(4.4 * len(spaces) + 0.8, 4.6), layout="constrained")
    panels = figure.subplots(1, len(spaces), squeeze=False)[0]
    for number, (panel, space) in enumerate(zip(panels, spaces, strict=True), start=1):
        image = _draw(panel, space.double(), size, fraction)
        panel.set_title(f"Layer {number}: {panel.get_title()}")
    panels[0].set_ylabel("Second principal axis of S")
    figure.colorbar(image, ax=panels, label="True share of shower 0")
    figure.suptitle(f"Test event {event} in the space where GravNet looks for neighbours (bar: half the weight)")
    return figure


def _draw(panel: Axes, space: Tensor, size: NDArray, fraction: NDArray) -> PathCollection:
    centred = space - space.mean(0)
    _, scale, axes = torch.linalg.svd(centred, full_matrices=False)
    first, second = (centred @ axes[:2].T).T.numpy()
    share = float(scale[:2].square().sum() / scale.square().sum())
    bottom = second.min() - 0.12 * np.ptp(second)
    if np.ptp(first) < HALF_WEIGHT:  # as before the space has been learnt
        panel.text(0.5, 0.05, "narrower than the bar", transform=panel.transAxes, ha="center")
    else:
        panel.plot([first.min(), first.min() + HALF_WEIGHT], [bottom, bottom], color="black", linewidth=2.5)
    # A square with room at its edges: were the limits left to the aspect, the layout would not know their numbers.
    reach = 0.55 * max(np.ptp(first), second.max() - bottom)
    x, y = (first.min() + first.max()) / 2, (bottom + second.max()) / 2
    panel.set(xlim=(x - reach, x + reach), ylim=(y - reach, y + reach), aspect="equal")
    panel.set(title=f"{100 * share:.0f} % of the variance", xlabel="First principal axis of S")
    panel.locator_params(nbins=5)
    style = {"cmap": "coolwarm", "vmin": 0, "vmax": 1, "alpha": 0.85, "edgecolors": "0.2", "linewidths": 0.3}
    return panel.scatter(first, second, s=size, c=fraction, **style)
