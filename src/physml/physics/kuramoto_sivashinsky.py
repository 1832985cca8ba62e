r"""The Kuramoto–Sivashinsky equation: flame fronts, and chaos in space and time.

Dimensionless, in the convention without factors: the most unstable wave has length 2π√2, and u is the front's slope.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from physml.ops.fourier import PeriodicInterval, self_advection
from physml.ops.periodic_evolution import evolve, reference


@dataclass(frozen=True)
class KuramotoSivashinsky:
    r"""The Kuramoto–Sivashinsky equation.

    .. math:: u_t + u\, u_x + u_{xx} + u_{xxxx} = 0

    Waves longer than 2π grow, shorter ones decay, and u u_x passes energy from the ones to the others.

    Units: see the module.

    Source: Kuramoto and Tsuzuki 1976, doi 10.1143/PTP.55.356; Sivashinsky 1977, doi 10.1016/0094-5765(77)90096-0.
    """

    linear: ClassVar[tuple[str, ...]] = ("u_t", "u_xx", "u_xxxx")  # with constant coefficients: `physml.ops.linear_sum`

    def residual(self, u: Tensor, u_t: Tensor, u_x: Tensor, u_xx: Tensor, u_xxxx: Tensor) -> Tensor:
        """Return what is zero for a solution. Shapes: those of u."""
        return u_t + u * u_x + u_xx + u_xxxx

    def solve(self, interval: PeriodicInterval, initial: Tensor, dt: float, frames: int, substeps: int) -> Tensor:
        """Return the periodic solution. Arguments: as `evolve`. Shapes: initial (points,) → (points, frames + 1)."""
        linear = -(interval.symbol(2, real=True) + interval.symbol(4, real=True)).real
        return evolve(interval, linear, self_advection(interval), initial, dt, frames, substeps)


def sine(points: int = 511, frames: int = 250, substeps: int = 100) -> dict[str, np.ndarray]:
    r"""−sin(πx/10) on the periodic interval [−10, 10] up to t = 50: still regular in so short an interval.

    Source: Raissi 2018, arXiv 1801.06637, and the generator beside its code.

    Args:
        points: Points of the interval.
        frames: Times after the first, up to 50.
        substeps: Steps of the solver between two times.

    Returns:
        ``x`` (points + 1,) with both ends of the interval, ``t`` (frames + 1,) and ``u`` (points + 1, frames + 1).
    """
    interval = PeriodicInterval(-10.0, 10.0, points)
    return _with_both_ends(interval, -torch.sin(math.pi * interval.x / 10), 50.0, frames, substeps)


def chaos(points: int = 511, frames: int = 250, substeps: int = 200) -> dict[str, np.ndarray]:
    r"""cos(x/16) (1 + sin(x/16)) on the periodic interval [0, 32π] up to t = 100, chaotic.

    Differences grow e-fold in about ten units of time, so that the last frames depend on the rounding of each step.

    Source: Kassam and Trefethen 2005, doi 10.1137/S1064827502410633; shown by Raissi 2018, arXiv 1801.06637.

    Args:
        points: Points of the interval.
        frames: Times after the first, up to 100.
        substeps: Steps of the solver between two times.

    Returns:
        As `sine`.
    """
    interval = PeriodicInterval(0.0, 32 * math.pi, points)
    x = interval.x / 16
    return _with_both_ends(interval, torch.cos(x) * (1 + torch.sin(x)), 100.0, frames, substeps)


def _with_both_ends(
    interval: PeriodicInterval, initial: Tensor, until: float, frames: int, substeps: int
) -> dict[str, np.ndarray]:
    found = reference(KuramotoSivashinsky().solve, interval, initial, until, frames, substeps)
    x, u = np.append(found["x"], interval.upper), np.concatenate([found["u"], found["u"][:1]])
    return found | {"x": x, "u": u}
