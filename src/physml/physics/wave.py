r"""The wave equation in one dimension: strings, sound in a tube.

Dimensionless: u is a displacement, x a length and t a time in any consistent units.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from physml.ops.bounds import check_at_least


@dataclass(frozen=True)
class Wave:
    r"""The wave equation.

    .. math:: u_{tt} = c^2\, u_{xx}

    Units: see the module; c in those of length / time.

    Source: d'Alembert 1747, "Recherches sur la courbe que forme une corde tendue mise en vibration".

    Args:
        speed: c.
    """

    linear: ClassVar[tuple[str, ...]] = ("u_tt", "u_xx")  # with constant coefficients: `physml.ops.linear_sum`
    speed: float = 1.0

    def residual(self, u_tt: Tensor, u_xx: Tensor) -> Tensor:
        """Return what is zero for a solution. Shapes: those of u."""
        return u_tt - self.speed**2 * u_xx

    def standing(self, x: Tensor, t: Tensor, amplitudes: Mapping[int, float], length: float = 1.0) -> Tensor:
        r"""Return the solution on a string that is held at 0 and L and starts from rest.

        .. math:: u = \sum_n a_n \sin\frac{n \pi x}{L}\, \cos\frac{n \pi c t}{L}

        Args:
            x: Places.
            t: Times.
            amplitudes: :math:`a_n` by n.
            length: L.

        Shapes: x and t of shapes that broadcast → their common shape
        """
        k = math.pi / length
        return sum(a * torch.sin(n * k * x) * torch.cos(n * k * self.speed * t) for n, a in amplitudes.items())

    def from_rest(self, x: Tensor, t: Tensor, shape: Callable[[Tensor], Tensor]) -> Tensor:
        r"""Return the solution on the infinite line that starts as `shape` from rest: half of it runs either way.

        .. math:: u = \tfrac12 \left( f(x - c t) + f(x + c t) \right)

        Args:
            x: Places.
            t: Times.
            shape: f.

        Shapes: x and t of shapes that broadcast → their common shape
        """
        return 0.5 * (shape(x - self.speed * t) + shape(x + self.speed * t))


def string_conditions(tx: Tensor, width: float = 0.3) -> tuple[Tensor, Tensor]:
    r"""Return a and g: a + g f starts as a from rest and vanishes at 0 and 1 for every f.

    .. math:: a = \sin \pi x + \tfrac12 \sin 4 \pi x, \qquad
              g = \frac{\sin^2 \pi t}{\sin^2 \pi t + w^2}\, \sin \pi x

    A string with both ends held is odd about them, and returns after 2 L / c, which is 1 here (d'Alembert); one that
    starts from rest is even in time. So is a + g f for every f that is even about the ends and in time, with these
    periods. Without w, f would be sixteen times larger at the start than half a period later.

    Args:
        tx: Time and place.
        width: w, the sine at about the shortest time in which u changes.

    Shapes: tx (points, 2) → (points, 1) twice
    """
    t, x = tx[:, :1], tx[:, 1:]
    a = torch.sin(math.pi * x) + 0.5 * torch.sin(4 * math.pi * x)
    square = torch.sin(math.pi * t) ** 2
    return a, square / (square + width**2) * torch.sin(math.pi * x)


def string(points: int = 256, frames: int = 200) -> dict[str, np.ndarray]:
    r"""From sin πx + ½ sin 4πx from rest on a string from 0 to 1 up to t = 1, with c = 2: the exact solution.

    .. math:: u = \sin \pi x\, \cos 2 \pi t + \tfrac12 \sin 4 \pi x\, \cos 8 \pi t

    Source: Wang, Yu and Perdikaris 2022, doi 10.1016/j.jcp.2021.110768 (arXiv 2007.14527).

    Args:
        points: Points from 0 to 1, both included.
        frames: Times after the first, up to 1.

    Returns:
        ``x`` (points,), ``t`` (frames + 1,) and ``u`` (points, frames + 1).

    Raises:
        ValueError: A number is out of bounds.
    """
    check_at_least(1, frames=frames)
    check_at_least(2, points=points)
    x, t = torch.linspace(0, 1, points, dtype=torch.float64), torch.linspace(0, 1, frames + 1, dtype=torch.float64)
    return {"x": x.numpy(), "t": t.numpy(), "u": Wave(2.0).standing(x[:, None], t, {1: 1.0, 4: 0.5}).numpy()}


def pulse(points: int = 256, frames: int = 100) -> dict[str, np.ndarray]:
    r"""exp(−x²/2) from rest on the infinite line, seen from −8 to 8 up to t = 4, with c = 1: two pulses run apart.

    Args:
        points: Points from −8 to 8, both included.
        frames: Times after the first, up to 4.

    Returns:
        As `string`.

    Raises:
        ValueError: A number is out of bounds.
    """
    check_at_least(1, frames=frames)
    check_at_least(2, points=points)
    x, t = torch.linspace(-8, 8, points, dtype=torch.float64), torch.linspace(0, 4, frames + 1, dtype=torch.float64)
    u = Wave().from_rest(x[:, None], t, lambda z: torch.exp(-(z**2) / 2))
    return {"x": x.numpy(), "t": t.numpy(), "u": u.numpy()}
