"""Equations of motion in weak form: trajectories are integrated, never differentiated."""

import torch
from torch import Tensor
from torch.nn import functional as F


def test_function(samples: int, dt: float, power: int) -> tuple[Tensor, Tensor]:
    r"""Return a bump over a window and its derivative, both times the trapezoidal weights of the samples.

    .. math:: \varphi(t) = (1 - s^2)^p, \qquad s = 2 t / T \in [-1, 1]

    It vanishes at the window's ends with its first p − 1 derivatives, so that sums over the samples converge to the
    integrals with that order.

    Source: Messenger and Bortz 2021, doi 10.1137/20M1343166.

    Args:
        samples: Samples of the window, both ends included.
        dt: Time between two of them.
        power: p.

    Shapes: (samples,) twice

    Raises:
        ValueError: The window has less than three samples, or p is less than 1.
    """
    if samples < 3 or power < 1:
        raise ValueError(f"expected at least 3 samples and a power from 1 on, got {samples} and {power}: raise them")
    s = torch.linspace(-1, 1, samples, dtype=torch.float64)
    bump = (1 - s**2) ** power
    slope = -2 * power * s * (1 - s**2) ** (power - 1) * 2 / ((samples - 1) * dt)
    slope[[0, -1]] /= 2  # the ends count half; φ itself, and its derivative from p = 2 on, are 0 there
    return dt * bump, dt * slope


def weak_equations(x: Tensor, library: Tensor, dt: float, width: int, stride: int, power: int) -> tuple[Tensor, Tensor]:
    r"""Return equations for the coefficients Ξ of ẋ = Θ(x) Ξ, one for each place of a test function.

    .. math::
        \Big( \int \varphi\, \Theta(x)\, dt \Big)\, \Xi = -\int \dot\varphi\, x\, dt

    White noise on the states is averaged over the test function instead of being amplified by a derivative.

    Source: Messenger and Bortz 2021, doi 10.1137/20M1343166.

    Args:
        x: Trajectories.
        library: Θ(x) at the same samples.
        dt: Time between two samples.
        width: Samples that the test function covers.
        stride: Samples from one place to the next.
        power: p of the test function.

    Shapes:
        x (trajectories, samples, variables), library (trajectories, samples, terms)
        → (equations, terms) and (equations, variables)

    Raises:
        ValueError: The trajectories are shorter than the test function.
    """
    if x.shape[1] < width:
        raise ValueError(f"expected trajectories of at least {width} samples, got {x.shape[1]}: lower width")
    bump, slope = (weights.to(x) for weights in test_function(width, dt, power))
    return _slide(library, bump, stride), -_slide(x, slope, stride)


def _slide(values: Tensor, weights: Tensor, stride: int) -> Tensor:
    """Weighted sums at all places. Shapes: (trajectories, samples, columns), (width,) → (equations, columns)."""
    columns = values.transpose(1, 2).flatten(0, 1)[:, None]
    sums = F.conv1d(columns, weights[None, None], stride=stride).squeeze(1)
    return sums.unflatten(0, (len(values), values.shape[2])).transpose(1, 2).flatten(0, 1)
