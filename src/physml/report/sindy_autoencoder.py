"""Figures of coordinates that were found together with their law."""

from collections.abc import Callable
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor

from physml.networks.sindy_autoencoder import Coordinates, SindyAutoencoder
from physml.ops.integrators import integrate


def plot_law(
    network: SindyAutoencoder,
    x: Tensor,
    prediction: Coordinates,
    states: Callable[[Tensor], Tensor],
    law: Any,
    scale: float = 1.0,
    time: float = 20.0,
    dt: float = 0.005,
) -> Figure:
    """Draw where the law that was found leads from one of the fields, beside the motion of the states behind it.

    The motion of the coordinates is drawn after the best affine map to the states. A chaotic trajectory is followed
    only for a while, the set on which it runs for ever.

    Args:
        network: Has the law.
        x: Fields.
        prediction: Their coordinates.
        states: Makes the states from the fields, in units of `scale`.
        law: What has `derivative` of the states.
        scale: Size of the states.
        time: How long the motion is followed.
        dt: Step of the integrator.
    """
    z, known = prediction.latent, scale * states(x.double())
    change = torch.linalg.lstsq(z - z.mean(0), known - known.mean(0)).solution
    first = (known - known.mean(0)).norm(dim=1).argmin()  # in the middle of the others, so near the attractor
    steps = round(time / dt)
    with torch.no_grad():
        found = integrate(network.motion, z[first, None], dt, steps)[0]
        truth = integrate(law.derivative, known[first, None], dt, steps)[0].numpy()
    found = ((found - z.mean(0)) @ change + known.mean(0)).numpy()
    figure = Figure(figsize=(15, 5.5), layout="constrained")
    limits = {f"{axis}lim": (values.min(), values.max()) for axis, values in zip("xyz", truth.T, strict=True)}
    for place, (motion, title, color) in enumerate(
        ((truth, "true law", "black"), (found, "law found, mapped to the states", "C0")), start=1
    ):
        panel = figure.add_subplot(1, 3, place, projection="3d")
        panel.plot(*motion.T, color=color, lw=0.7)
        panel.set(xlabel="x", ylabel="y", zlabel="z", title=title, **limits)
        panel.locator_params(nbins=5)
    panel, t = figure.add_subplot(1, 3, 3), dt * torch.arange(steps + 1)
    panel.plot(t, truth[:, 0], color="black", lw=2.5, alpha=0.35, label="true law")
    panel.plot(t, found[:, 0], color="C0", lw=1, label="law found")
    panel.set(xlabel="time", ylabel="x", title="from the same field")
    panel.legend(loc="upper right", ncols=2, fontsize="small")
    figure.suptitle("   ".join(network.law.formulas(4)))
    return figure
