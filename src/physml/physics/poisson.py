r"""Poisson's equation on an interval and on a square: the potential of given charges between earthed walls.

Dimensionless: u is a potential, f a density of charge and x and y are lengths in any consistent units.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from physml.ops.bounds import check_at_least


@dataclass(frozen=True)
class PoissonInterval:
    r"""Poisson's equation on the interval [0, 1], with a source for which the solution is a sum of sines.

    .. math:: -u_{xx} = f(x), \qquad f = \sum_n (n \pi)^2 a_n \sin n \pi x, \qquad u = \sum_n a_n \sin n \pi x

    Units: see the module.

    Source: Poisson 1813, Bulletin de la Société philomathique 3, 388.

    Args:
        amplitudes: :math:`a_n` by n.
    """

    amplitudes: Mapping[int, float] = field(default_factory=lambda: {1: 1.0})

    def residual(self, x: Tensor, u_xx: Tensor) -> Tensor:
        """Return what is zero for a solution. Shapes: those of u."""
        return -u_xx - self.source(x)

    def source(self, x: Tensor) -> Tensor:
        """Return f. Shapes: those of x."""
        return sum(a * (n * math.pi) ** 2 * torch.sin(n * math.pi * x) for n, a in self.amplitudes.items())

    def solution(self, x: Tensor) -> Tensor:
        """Return u. Shapes: those of x."""
        return sum(a * torch.sin(n * math.pi * x) for n, a in self.amplitudes.items())


@dataclass(frozen=True)
class PoissonSquare:
    r"""Poisson's equation on the square [0, 1]², with a source for which the solution is a sum of products of sines.

    .. math::
        -(u_{xx} + u_{yy}) = f(x, y), \qquad
        f = \sum_i \pi^2 (m_i^2 + n_i^2)\, a_i \sin m_i \pi x\, \sin n_i \pi y, \qquad
        u = \sum_i a_i \sin m_i \pi x\, \sin n_i \pi y

    Units: see the module.

    Source: as `PoissonInterval`.

    Args:
        terms: :math:`(m_i, n_i, a_i)` for each i.
    """

    linear: ClassVar[tuple[str, ...]] = ("u_xx", "u_yy")  # with constant coefficients: `physml.ops.linear_sum`
    terms: Sequence[tuple[int, int, float]] = ((1, 1, 1.0),)

    def residual(self, x: Tensor, y: Tensor, u_xx: Tensor, u_yy: Tensor) -> Tensor:
        """Return what is zero for a solution. Shapes: those of u."""
        return -(u_xx + u_yy) - self.source(x, y)

    def source(self, x: Tensor, y: Tensor) -> Tensor:
        """Return f. Shapes: x and y of shapes that broadcast → their common shape."""
        return sum((m**2 + n**2) * math.pi**2 * a * _product(m, n, x, y) for m, n, a in self.terms)

    def solution(self, x: Tensor, y: Tensor) -> Tensor:
        """Return u. Shapes: x and y of shapes that broadcast → their common shape."""
        return sum(a * _product(m, n, x, y) for m, n, a in self.terms)


def _product(m: int, n: int, x: Tensor, y: Tensor) -> Tensor:
    return torch.sin(m * math.pi * x) * torch.sin(n * math.pi * y)


def interval_conditions(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return a = 0 and g = x (1 − x): g f vanishes at 0 and 1 for every f. Shapes: (points, 1) → (points, 1) twice."""
    return torch.zeros_like(x), x * (1 - x)


def square_conditions(xy: Tensor) -> tuple[Tensor, Tensor]:
    """Return a = 0 and g = x (1 − x) y (1 − y), zero at the walls. Shapes: (points, 2) → (points, 1) twice."""
    g = (xy * (1 - xy)).prod(1, keepdim=True)
    return torch.zeros_like(g), g


def two_scales(points: int = 1001) -> dict[str, np.ndarray]:
    r"""The solution sin 2πx + 0.1 sin 50πx on the interval [0, 1]: a slow wave and a weak fast one.

    Source: Wang, Wang and Perdikaris 2021, doi 10.1016/j.cma.2021.113938 (arXiv 2012.10047).

    Args:
        points: Points from 0 to 1, both included.

    Returns:
        ``x`` (points,) and ``u`` (points,).

    Raises:
        ValueError: A number is out of bounds.
    """
    check_at_least(2, points=points)
    x = torch.linspace(0, 1, points, dtype=torch.float64)
    return {"x": x.numpy(), "u": PoissonInterval({2: 1.0, 50: 0.1}).solution(x).numpy()}


def square(points: int = 101) -> dict[str, np.ndarray]:
    r"""The solution sin πx sin πy on the square [0, 1]².

    Source: as a test of networks Müller and Zeinhofer 2023, arXiv 2302.13163.

    Args:
        points: Points from 0 to 1 along each side, both included.

    Returns:
        ``x`` (points,), ``y`` (points,) and ``u`` (points, points), at :math:`x_i` and :math:`y_j`.

    Raises:
        ValueError: A number is out of bounds.
    """
    check_at_least(2, points=points)
    x = torch.linspace(0, 1, points, dtype=torch.float64)
    return {"x": x.numpy(), "y": x.numpy(), "u": PoissonSquare().solution(x[:, None], x).numpy()}
