"""Figures of coordinates that were found together with their law."""

from collections.abc import Callable

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
    time: float = 20.0,
    dt: float = 0.005,
) -> Figure:
    """Draw the coordinates of fields, where their law leads from one of them, and the states that the fields are of.

    Args:
        network: Has the law.
        x: Fields.
        prediction: Their coordinates.
        states: Makes the states from the fields.
        time: How long the law is followed.
        dt: Step of the integrator.
    """
    # A state in the middle of the others is near the attractor, which the law's motion is then on.
    start = prediction.latent[(prediction.latent - prediction.latent.mean(0)).norm(dim=1).argmin()]
    with torch.no_grad():
        motion = integrate(network.motion, start[None], dt, round(time / dt))[0]
    figure = Figure(figsize=(12, 5.5), layout="constrained")
    found, known = (figure.add_subplot(1, 2, place, projection="3d") for place in (1, 2))
    found.scatter(*prediction.latent.T.numpy(), s=2, color="black", alpha=0.3, label="test fields, encoded")
    found.plot(*motion.T.numpy(), color="C0", lw=0.7, label="motion by the law found")
    found.set(xlabel=network.variables[0], ylabel=network.variables[1], zlabel=network.variables[2])
    found.set_title("coordinates")
    found.legend(fontsize="small")
    known.scatter(*states(x.double()).T.numpy(), s=2, color="black", alpha=0.3)
    known.set_title("the states behind the same fields")
    figure.suptitle("\n".join(network.law.formulas(4)), fontsize="small")
    return figure
