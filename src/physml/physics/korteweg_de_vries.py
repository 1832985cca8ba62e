r"""The Korteweg–de Vries equation: long waves on shallow water, and their solitons.

Dimensionless, in the convention without factors: u stands for the height of the wave.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from physml.ops.fourier import PeriodicInterval, self_advection
from physml.ops.periodic_evolution import evolve, reference


@dataclass(frozen=True)
class KortewegDeVries:
    r"""The Korteweg–de Vries equation.

    .. math:: u_t + u\, u_x + \beta\, u_{xxx} = 0

    Units: see the module.

    Source: Korteweg and de Vries 1895, doi 10.1080/14786449508620739; the form of Zabusky and Kruskal 1965,
    doi 10.1103/PhysRevLett.15.240.

    Args:
        dispersion: β.
    """

    linear: ClassVar[tuple[str, ...]] = ("u_t", "u_xxx")  # with constant coefficients: `physml.ops.linear_sum`
    dispersion: float = 1.0

    def residual(self, u: Tensor, u_t: Tensor, u_x: Tensor, u_xxx: Tensor) -> Tensor:
        """Return what is zero for a solution. Shapes: those of u."""
        return u_t + u * u_x + self.dispersion * u_xxx

    def solve(self, interval: PeriodicInterval, initial: Tensor, dt: float, frames: int, substeps: int) -> Tensor:
        """Return the periodic solution. Arguments: as `evolve`. Shapes: initial (points,) → (points, frames + 1)."""
        linear = -self.dispersion * interval.symbol(3, real=True)
        return evolve(interval, linear, self_advection(interval), initial, dt, frames, substeps)

    def soliton(self, x: Tensor, t: Tensor, speed: float) -> Tensor:
        r"""Return a solitary wave on the infinite line, at x = 0 at t = 0.

        .. math:: u = 3 c \operatorname{sech}^2\left(\tfrac12 \sqrt{c/\beta}\, (x - c t)\right)

        Shapes: x and t of shapes that broadcast → their common shape
        """
        return 3 * speed / torch.cosh(0.5 * math.sqrt(speed / self.dispersion) * (x - speed * t)) ** 2


@lru_cache(maxsize=1)  # asked for by data, metrics and figures
def sine(points: int = 512, frames: int = 200, substeps: int = 80) -> dict[str, np.ndarray]:
    r"""−sin(πx/20) on the periodic interval [−20, 20) up to t = 40, with β = 1.

    Source: Raissi 2018, arXiv 1801.06637.

    Args:
        points: Points of the interval.
        frames: Times after the first, up to 40.
        substeps: Steps of the solver between two times.

    Returns:
        ``x`` (points,), ``t`` (frames + 1,) and ``u`` (points, frames + 1).
    """
    interval = PeriodicInterval(-20.0, 20.0, points)
    return reference(KortewegDeVries().solve, interval, -torch.sin(math.pi * interval.x / 20), 40.0, frames, substeps)


@lru_cache(maxsize=1)  # asked for by data, metrics and figures
def cosine(points: int = 512, frames: int = 200, substeps: int = 80) -> dict[str, np.ndarray]:
    r"""cos(πx/20) on the periodic interval [−20, 20) up to t = 40, with β = 1.

    Source: Raissi 2018, arXiv 1801.06637, as a start that was not trained on.

    Args:
        points: Points of the interval.
        frames: Times after the first, up to 40.
        substeps: Steps of the solver between two times.

    Returns:
        As `sine`.
    """
    interval = PeriodicInterval(-20.0, 20.0, points)
    return reference(KortewegDeVries().solve, interval, torch.cos(math.pi * interval.x / 20), 40.0, frames, substeps)
