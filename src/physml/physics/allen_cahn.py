r"""The Allen–Cahn equation: two phases that separate and the fronts between them.

Dimensionless: u is the order parameter, −1 and 1 in the two phases.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from physml.ops.fourier import PeriodicInterval
from physml.ops.periodic_evolution import evolve, reference
from physml.ops.rounded_distance import rounded_distance


@dataclass(frozen=True)
class AllenCahn:
    r"""The Allen–Cahn equation.

    .. math:: u_t = D\, u_{xx} + r\, (u - u^3)

    Units: see the module; D in length² / time, r in 1 / time.

    Source: Allen and Cahn 1979, doi 10.1016/0001-6160(79)90196-2.

    Args:
        diffusion: D.
        rate: r.
    """

    linear: ClassVar[tuple[str, ...]] = ("u_t", "u_xx")  # with constant coefficients: `physml.ops.linear_sum`
    diffusion: float = 1e-4
    rate: float = 5.0

    def residual(self, u: Tensor, u_t: Tensor, u_xx: Tensor) -> Tensor:
        """Return what is zero for a solution. Shapes: those of u."""
        return u_t - self.diffusion * u_xx - self.rate * (u - u**3)

    def solve(self, interval: PeriodicInterval, initial: Tensor, dt: float, frames: int, substeps: int) -> Tensor:
        """Return the periodic solution. Arguments: as `evolve`. Shapes: initial (points,) → (points, frames + 1)."""

        def saturate(spectrum: Tensor) -> Tensor:
            return -self.rate * interval.transform(interval.values(spectrum) ** 3)

        linear = self.diffusion * interval.symbol(2, real=True).real + self.rate
        return evolve(interval, linear, saturate, initial, dt, frames, substeps)

    def front(self, x: Tensor) -> Tensor:
        r"""Return the front at rest between the two phases, on the infinite line.

        .. math:: u = \tanh\left(x \sqrt{r / 2 D}\right)

        Shapes: those of x
        """
        return torch.tanh(x * math.sqrt(self.rate / (2 * self.diffusion)))


@lru_cache(maxsize=1)  # asked for by data, metrics and figures
def separation(points: int = 512, frames: int = 200, substeps: int = 20) -> dict[str, np.ndarray]:
    r"""x² cos πx on the periodic interval [−1, 1) up to t = 1, with D = 1e-4 and r = 5.

    Source: Raissi, Perdikaris and Karniadakis 2019, doi 10.1016/j.jcp.2018.10.045.

    Args:
        points: Points of the interval.
        frames: Times after the first, up to 1.
        substeps: Steps of the solver between two times.

    Returns:
        ``x`` (points,), ``t`` (frames + 1,) and ``u`` (points, frames + 1).
    """
    interval = PeriodicInterval(-1.0, 1.0, points)
    initial = interval.x**2 * torch.cos(math.pi * interval.x)
    return reference(AllenCahn().solve, interval, initial, 1.0, frames, substeps)


def separation_conditions(tx: Tensor) -> tuple[Tensor, Tensor]:
    r"""Return a, which starts as x² cos πx and has no kink afterwards, and g = t.

    .. math:: a = x^2 \cos \pi x + 2\, \left(e^{-2 r t}\, R(s) - s\right), \qquad
              s = \tfrac2\pi \cos \tfrac{\pi x}{2}, \qquad w = \sqrt{4 D t}

    Continued periodically, the start has a kink at ±1, where its slope jumps by 4. The equation rounds it, and a does
    so as the equation does close to u = −1 (R: `physml.ops.rounded_distance`). What is left, f, is smooth; with a kink
    in a, no smooth f would solve the equation.

    Shapes: tx (points, 2) of time and place → (points, 1) twice
    """
    law = AllenCahn()
    t, x = tx[:, :1], tx[:, 1:]
    s, width = 2 / math.pi * torch.cos(math.pi * x / 2), (4 * law.diffusion * t.clamp(min=1e-12)).sqrt()
    kink = torch.exp(-2 * law.rate * t) * rounded_distance(s, width) - s
    return x**2 * torch.cos(math.pi * x) + 2 * kink, t


def separation_importance(tx: Tensor) -> Tensor:
    r"""Return :math:`e^{-r t}`, which is how an error of the equation counts in the error of the last time.

    The start has u = 0 at x = 0, where the equation is unstable: errors grow as :math:`e^{r t}`, by 148 until t = 1.

    Shapes: tx (points, 2) of time and place → (points,)
    """
    return torch.exp(-AllenCahn().rate * tx[:, 0])
