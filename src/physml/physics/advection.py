r"""The advection equation in one dimension: a shape that a steady wind carries along.

Dimensionless: u is a density, x a length and t a time in any consistent units.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from physml.ops.bounds import check_at_least


@dataclass(frozen=True)
class Advection:
    r"""The advection equation.

    .. math:: u_t + \beta\, u_x = 0

    Units: see the module; β in those of length / time.

    Source: the conservation of mass in a uniform flow; as a test of networks Krishnapriyan, Gholami, Zhe, Kirby and
    Mahoney 2021, arXiv 2109.01050.

    Args:
        speed: β.
    """

    linear: ClassVar[tuple[str, ...]] = ("u_t", "u_x")  # with constant coefficients: `physml.ops.linear_sum`
    speed: float = 1.0

    def residual(self, u_t: Tensor, u_x: Tensor) -> Tensor:
        """Return what is zero for a solution. Shapes: those of u."""
        return u_t + self.speed * u_x

    def carried(self, x: Tensor, t: Tensor, shape: Callable[[Tensor], Tensor]) -> Tensor:
        r"""Return the solution that starts as `shape`.

        .. math:: u = f(x - \beta t)

        Args:
            x: Places.
            t: Times.
            shape: f; on a ring it has the ring's period.

        Shapes: x and t of shapes that broadcast → their common shape
        """
        return shape(x - self.speed * t)


def fast_sine(points: int = 256, frames: int = 400) -> dict[str, np.ndarray]:
    r"""The wave sin x on the periodic interval [0, 2π) up to t = 1, with β = 30: it comes round almost five times.

    Source: Krishnapriyan et al. 2021, arXiv 2109.01050, as a case at which a plain PINN fails.

    Args:
        points: Points of the interval.
        frames: Times after the first, up to 1.

    Returns:
        ``x`` (points,), ``t`` (frames + 1,) and ``u`` (points, frames + 1).

    Raises:
        ValueError: A number is out of bounds.
    """
    check_at_least(1, points=points, frames=frames)
    x = 2 * math.pi / points * torch.arange(points, dtype=torch.float64)
    t = torch.linspace(0, 1, frames + 1, dtype=torch.float64)
    return {"x": x.numpy(), "t": t.numpy(), "u": Advection(30.0).carried(x[:, None], t, torch.sin).numpy()}
