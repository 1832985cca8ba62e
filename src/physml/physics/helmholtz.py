r"""The Helmholtz equation on a square: waves of one frequency that a source drives between fixed walls.

Dimensionless: u is an amplitude, x and y are lengths, and k is a wavenumber, in any consistent units.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from physml.ops.bounds import check_at_least


@dataclass(frozen=True)
class Helmholtz:
    r"""The Helmholtz equation on the square [−1, 1]², with a source for which the solution is a product of sines.

    .. math::
        u_{xx} + u_{yy} + k^2 u = q(x, y), \qquad
        q = \left(k^2 - (a_1^2 + a_2^2)\, \pi^2\right) u, \qquad
        u = \sin a_1 \pi x\, \sin a_2 \pi y

    u vanishes at the walls if a₁ and a₂ are whole numbers.

    Units: see the module.

    Source: Helmholtz 1860, doi 10.1515/crll.1860.57.1; this source is that of Wang, Teng and Perdikaris 2021,
    doi 10.1137/20M1318043 (arXiv 2001.04536).

    Args:
        wavenumber: k.
        a1: Half waves along a unit of x.
        a2: Half waves along a unit of y.
    """

    linear: ClassVar[tuple[str, ...]] = ("u_xx", "u_yy")  # with constant coefficients: `physml.ops.linear_sum`
    wavenumber: float = 1.0
    a1: float = 1.0
    a2: float = 4.0

    def residual(self, x: Tensor, y: Tensor, u: Tensor, u_xx: Tensor, u_yy: Tensor) -> Tensor:
        """Return what is zero for a solution. Shapes: those of u."""
        return u_xx + u_yy + self.wavenumber**2 * u - self.source(x, y)

    def source(self, x: Tensor, y: Tensor) -> Tensor:
        """Return q. Shapes: x and y of shapes that broadcast → their common shape."""
        return (self.wavenumber**2 - (self.a1**2 + self.a2**2) * math.pi**2) * self.solution(x, y)

    def solution(self, x: Tensor, y: Tensor) -> Tensor:
        """Return u. Shapes: x and y of shapes that broadcast → their common shape."""
        return torch.sin(self.a1 * math.pi * x) * torch.sin(self.a2 * math.pi * y)


def square_conditions(xy: Tensor) -> tuple[Tensor, Tensor]:
    """Return a = 0 and g = (1 − x²)(1 − y²), zero at the walls. Shapes: (points, 2) → (points, 1) twice."""
    g = (1 - xy**2).prod(1, keepdim=True)
    return torch.zeros_like(g), g


def odd_square_conditions(xy: Tensor) -> tuple[Tensor, Tensor]:
    r"""Return a = 0 and g = sin πx sin πy: as `square_conditions`, and g f is odd about the middle for every even f.

    A source that is odd about the middle and the walls, as this one is, drives an amplitude that is so, too, and that
    has the period 2 for this reason: it is g f with an f that is even and of period 2.

    Shapes: xy (points, 2) → (points, 1) twice
    """
    g = torch.sin(math.pi * xy).prod(1, keepdim=True)
    return torch.zeros_like(g), g


def driven_square(points: int = 201) -> dict[str, np.ndarray]:
    r"""The solution sin πx sin 4πy on the square [−1, 1]², with k = 1.

    Source: Wang, Teng and Perdikaris 2021, doi 10.1137/20M1318043 (arXiv 2001.04536).

    Args:
        points: Points from −1 to 1 along each side, both included.

    Returns:
        ``x`` (points,), ``y`` (points,) and ``u`` (points, points), at :math:`x_i` and :math:`y_j`.

    Raises:
        ValueError: A number is out of bounds.
    """
    check_at_least(2, points=points)
    x = torch.linspace(-1, 1, points, dtype=torch.float64)
    return {"x": x.numpy(), "y": x.numpy(), "u": Helmholtz().solution(x[:, None], x).numpy()}
