"""Figures of overlapping showers: one event in three dimensions, and the responses."""

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from physml.metrics.showers import accuracy, nearest_impact, responses


def typical_event(prediction: Tensor, target: Tensor, energy: Tensor, offsets: Tensor) -> int:
    """Return the event whose worse response is the median of all events; shapes as in `plot_event`."""
    worst = (responses(prediction, target, energy, offsets) - 1).abs().nan_to_num(torch.inf).amax(1)
    return int(worst.argsort()[len(worst) // 2])


def plot_event(prediction: Tensor, target: Tensor, energy: Tensor, position: Tensor, offsets: Tensor) -> Figure:
    """Draw the true and the predicted share of shower 0 in the sensors of one event, in three dimensions.

    The event shown is the typical one: its worse response is the median of all events. Areas of the markers grow with
    the root of the energy.

    Args:
        prediction: Predicted fractions, shape (points, showers).
        target: True fractions, shape (points, showers).
        energy: Energies of the sensors in GeV, shape (points,).
        position: x, y, z of the sensors in cm, shape (points, 3).
        offsets: Event i owns the points offsets[i]:offsets[i + 1], shape (events + 1,).
    """
    event = typical_event(prediction, target, energy, offsets)
    found = responses(prediction, target, energy, offsets)[event]
    points = slice(int(offsets[event]), int(offsets[event + 1]))
    x, y, z = position[points].numpy().T
    size = 60 * np.sqrt(np.clip(energy[points].numpy(), 0, None))

    figure = Figure(figsize=(12.5, 4.8), layout="constrained")
    panels = figure.subplots(1, 2, subplot_kw={"projection": "3d"})
    shared = {
        "s": size,
        "cmap": "coolwarm",
        "vmin": 0,
        "vmax": 1,
        "alpha": 0.85,
        "edgecolors": "0.2",
        "linewidths": 0.3,
    }
    titles = ["True", f"Predicted: R₀ = {found[0]:.2f}, R₁ = {found[1]:.2f}"]
    for panel, fractions, title in zip(panels, (target, prediction), titles, strict=True):
        image = panel.scatter(z, x, y, c=fractions[points, 0].numpy(), **shared)
        panel.set(xlabel="Depth z (cm)", ylabel="x (cm)", zlabel="y (cm)", title=title)
        panel.set_box_aspect((1.6, 1, 1), zoom=1.1)
        panel.locator_params(nbins=5)
        panel.view_init(elev=18, azim=-62)
    figure.colorbar(image, ax=panels, label="Share of shower 0 in the sensor's energy", shrink=0.7)
    figure.suptitle(f"Test event {event}: {len(x)} sensors, {energy[points].sum():.0f} GeV (the typical event)")
    return figure


def plot_response(
    prediction: Tensor,
    target: Tensor,
    energy: Tensor,
    offsets: Tensor,
    position: Tensor | None = None,
    impact: Tensor | None = None,
) -> Figure:
    """Draw the distribution of each shower's response, beside the rule "nearest true impact" where impacts are known.

    Args:
        prediction: Predicted fractions, shape (points, showers).
        target: True fractions, shape (points, showers).
        energy: Energies of the sensors, shape (points,).
        offsets: Event i owns the points offsets[i]:offsets[i + 1], shape (events + 1,).
        position: x, y, z of the sensors in cm, shape (points, 3).
        impact: True impacts x, y of the showers in cm, shape (events, showers, 2).
    """
    rules = {"Network": prediction}
    if position is not None and impact is not None:
        rules["Nearest true impact"] = nearest_impact(position, impact, offsets)
    figure = Figure(figsize=(6.2 * target.shape[1], 4.6), layout="constrained")
    panels = figure.subplots(1, target.shape[1], sharey=True, squeeze=False)[0]
    bins, shares = np.linspace(0, 2, 51), []
    for name, fractions in rules.items():
        found = responses(fractions, target, energy, offsets)
        correct = accuracy(fractions, target, energy, offsets).mean()
        for shower, panel in enumerate(panels):
            values = found[:, shower].numpy()
            values = values[np.isfinite(values)]
            spread = values.std(ddof=1) if len(values) > 1 else np.nan
            label = f"{name}: ⟨R⟩ = {values.mean():.3f}, σ = {spread:.3f}"
            # Outliers are counted in the last bin instead of vanishing.
            panel.hist(np.clip(values, 0, 2), bins=bins, histtype="step", linewidth=1.6, label=label)
            panel.set(xlabel=f"Response R of shower {shower} (last bin: all above)", xlim=(0, 2))
        shares.append(f"{name}: {100 * correct:.1f} %")
    figure.suptitle("Showers with |R − 1| < 0.3 – " + ", ".join(shares), fontsize=11)
    panels[0].set_ylabel("Test events")
    top = panels[0].get_ylim()[1]
    for panel in panels:
        panel.axvline(1, color="0.6", linewidth=0.8, linestyle=":")
        panel.set_ylim(0, 1.3 * top)
        panel.legend(loc="upper right", frameon=False, fontsize=9)
    return figure
