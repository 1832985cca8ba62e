r"""The heat equation in one dimension: what is hot spreads until all is equal.

Dimensionless: u is a temperature above that of the surroundings, x a length and t a time in any consistent units.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from physml.ops.bounds import check_at_least


@dataclass(frozen=True)
class Heat:
    r"""The heat equation.

    .. math:: u_t = D\, u_{xx}

    Units: see the module; D in those of length² / time.

    Source: Fourier 1822, "Théorie analytique de la chaleur".

    Args:
        diffusivity: D.
    """

    linear: ClassVar[tuple[str, ...]] = ("u_t", "u_xx")  # with constant coefficients: `physml.ops.linear_sum`
    diffusivity: float = 1.0

    def residual(self, u_t: Tensor, u_xx: Tensor) -> Tensor:
        """Return what is zero for a solution. Shapes: those of u."""
        return u_t - self.diffusivity * u_xx

    def modes(self, x: Tensor, t: Tensor, amplitudes: Mapping[int, float], length: float = 1.0) -> Tensor:
        r"""Return the solution in a rod whose ends, 0 and L, are kept at 0.

        .. math:: u = \sum_n a_n \sin\frac{n \pi x}{L}\; e^{-D (n \pi / L)^2 t}

        Args:
            x: Places.
            t: Times from 0 on.
            amplitudes: :math:`a_n` by n.
            length: L.

        Shapes: x and t of shapes that broadcast → their common shape
        """
        k = math.pi / length
        return sum(
            a * torch.sin(n * k * x) * torch.exp(-self.diffusivity * (n * k) ** 2 * t) for n, a in amplitudes.items()
        )

    def from_gaussian(self, x: Tensor, t: Tensor, width: float) -> Tensor:
        r"""Return the solution on the infinite line that starts as a Gaussian of height 1: the heat kernel.

        .. math:: u = \frac{s}{\sqrt{s^2 + 2 D t}}\, \exp\left(-\frac{x^2}{2 (s^2 + 2 D t)}\right)

        Args:
            x: Places.
            t: Times from 0 on.
            width: s, the standard deviation at the start.

        Shapes: x and t of shapes that broadcast → their common shape
        """
        variance = width**2 + 2 * self.diffusivity * t
        return width / variance.sqrt() * torch.exp(-(x**2) / (2 * variance))


def rod(points: int = 256, frames: int = 100) -> dict[str, np.ndarray]:
    r"""From sin πx + ½ sin 4πx in a rod from 0 to 1 whose ends are kept at 0, up to t = 0.2, with D = 1.

    The shorter wave decays sixteen times faster than the longer one.

    Args:
        points: Points from 0 to 1, both included.
        frames: Times after the first, up to 0.2.

    Returns:
        ``x`` (points,), ``t`` (frames + 1,) and ``u`` (points, frames + 1).

    Raises:
        ValueError: A number is out of bounds.
    """
    check_at_least(1, frames=frames)
    check_at_least(2, points=points)
    x, t = torch.linspace(0, 1, points, dtype=torch.float64), torch.linspace(0, 0.2, frames + 1, dtype=torch.float64)
    return {"x": x.numpy(), "t": t.numpy(), "u": Heat().modes(x[:, None], t, {1: 1.0, 4: 0.5}).numpy()}


def gaussian(points: int = 256, frames: int = 100) -> dict[str, np.ndarray]:
    r"""exp(−x²/2) on the infinite line, seen from −8 to 8 up to t = 2, with D = 1.

    Args:
        points: Points from −8 to 8, both included.
        frames: Times after the first, up to 2.

    Returns:
        As `rod`.

    Raises:
        ValueError: A number is out of bounds.
    """
    check_at_least(1, frames=frames)
    check_at_least(2, points=points)
    x, t = torch.linspace(-8, 8, points, dtype=torch.float64), torch.linspace(0, 2, frames + 1, dtype=torch.float64)
    return {"x": x.numpy(), "t": t.numpy(), "u": Heat().from_gaussian(x[:, None], t, 1.0).numpy()}
