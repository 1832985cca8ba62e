r"""Burgers' equation in one dimension: waves that steepen into a viscous shock.

Dimensionless: u is a velocity, x a length and t a time in any consistent units.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from physml.ops.bounds import check_at_least, check_positive
from physml.ops.fourier import PeriodicInterval, self_advection
from physml.ops.periodic_evolution import evolve, reference


@dataclass(frozen=True)
class Burgers:
    r"""Burgers' equation.

    .. math:: u_t + u\, u_x = \nu\, u_{xx}

    Units: see the module; ν in those of length² / time.

    Source: Burgers 1948, doi 10.1016/S0065-2156(08)70100-5.

    Args:
        viscosity: ν.
    """

    linear: ClassVar[tuple[str, ...]] = ("u_t", "u_xx")  # with constant coefficients: `physml.ops.linear_sum`
    viscosity: float

    def residual(self, u: Tensor, u_t: Tensor, u_x: Tensor, u_xx: Tensor) -> Tensor:
        """Return what is zero for a solution. Shapes: those of u."""
        return u_t + u * u_x - self.viscosity * u_xx

    def solve(self, interval: PeriodicInterval, initial: Tensor, dt: float, frames: int, substeps: int) -> Tensor:
        """Return the periodic solution. Arguments: as `evolve`. Shapes: initial (points,) → (points, frames + 1)."""
        linear = self.viscosity * interval.symbol(2, real=True).real
        return evolve(interval, linear, self_advection(interval), initial, dt, frames, substeps)

    def from_sine(self, x: Tensor, t: Tensor) -> Tensor:
        r"""Return the solution that starts as −sin πx, in closed form.

        .. math::
            u = \frac{-\int \sin(\pi y)\, w(y)\, dy}{\int w(y)\, dy}, \qquad
            w(y) = \exp\left(-\frac{\cos \pi y}{2 \pi \nu} - \frac{(x - y)^2}{4 \nu t}\right)

        It is odd about 0 and ±1. The integrals are sums over equidistant points, which converge exponentially for such
        integrands: to the rounding of double precision for ν from 0.002 and t up to 100.

        Source: Cole 1951, doi 10.1090/qam/42889; for this start Basdevant et al. 1986,
        doi 10.1016/0045-7930(86)90036-8.

        Shapes: x (points,), t (times,) from 0 on → (points, times)
        """
        amplitude = 1 / (2 * math.pi * self.viscosity)
        # The Gaussian has to outweigh w's other factor, which varies by e^(2 amplitude), by 40 e-folds.
        reach = math.sqrt(2 * amplitude + 40)
        z = torch.linspace(-reach, reach, 1001, dtype=torch.float64)
        u = torch.empty(len(x), len(t), dtype=torch.float64)
        for column, time in enumerate(t.tolist()):
            y = x[:, None] - 2 * math.sqrt(self.viscosity * time) * z
            weight = torch.softmax(-amplitude * torch.cos(math.pi * y) - z**2, dim=1)
            u[:, column] = -(weight * torch.sin(math.pi * y)).sum(1)
        return u


class UnknownBurgers:
    r"""Burgers' equation with coefficients to be found.

    .. math:: u_t + \lambda_1\, u\, u_x = \lambda_2\, u_{xx}

    Units: see the module; λ₁ is a number, λ₂ in those of length² / time.

    Source: Raissi, Perdikaris and Karniadakis 2019, doi 10.1016/j.jcp.2018.10.045.
    """

    def residual(
        self, u: Tensor, u_t: Tensor, u_x: Tensor, u_xx: Tensor, advection: Tensor, viscosity: Tensor
    ) -> Tensor:
        """Return what is zero for a solution. Shapes: those of u."""
        return u_t + advection * u * u_x - viscosity * u_xx


def shock_conditions(tx: Tensor) -> tuple[Tensor, Tensor]:
    r"""Return a = −sin πx and g = t (1 − x²): a + g f starts as −sin πx and vanishes at ±1 for every f.

    Shapes: tx (points, 2) of time and place → (points, 1) twice
    """
    t, x = tx[:, :1], tx[:, 1:]
    return -torch.sin(math.pi * x), t * (1 - x**2)


def odd_shock_conditions(tx: Tensor, width: float = 0.01) -> tuple[Tensor, Tensor]:
    r"""Return a = −sin πx and g = t (1 − x²) tanh x/w: as `shock_conditions`, and a + g f is odd in x for every even f.

    Burgers' equation maps odd starts to odd solutions, so u(t, 0) = 0 for ever. A shock between ∓U has the profile
    −U tanh(U x / 2ν), so that f is smooth for a w of about 2ν/U.

    Args:
        tx: Time and place.
        width: w.

    Shapes: tx (points, 2) → (points, 1) twice
    """
    a, g = shock_conditions(tx)
    return a, g * torch.tanh(tx[:, 1:] / width)


def toward_shock(tx: Tensor, width: float = 0.05) -> Tensor:
    r"""Return points of [0, 1] × [0, 1] moved towards the shock at x = 0.

    .. math:: x \mapsto w \sinh\left(x \operatorname{arsinh} \tfrac1w\right)

    What is spread evenly before has a density proportional to :math:`1 / \sqrt{x^2 + w^2}` afterwards.

    Args:
        tx: Time and place.
        width: w, within which the points are densest.

    Shapes: tx (points, 2) → the same
    """
    return torch.cat([tx[:, :1], width * torch.sinh(tx[:, 1:] * math.asinh(1 / width))], dim=1)


def shock_start(count: int = 100) -> tuple[Tensor, Tensor]:
    """Return evenly spaced points at t = 0, and −sin πx there. Shapes: (count, 2) of time and place, (count, 1)."""
    x = torch.linspace(-1, 1, count, dtype=torch.float64)
    return torch.stack([torch.zeros_like(x), x], dim=1), -torch.sin(math.pi * x)[:, None]


def shock_walls(count: int = 100) -> tuple[Tensor, Tensor]:
    """Return points at x = ±1, evenly spaced from t = 0 to 1, and zero. Shapes: (2 count, 2), (2 count, 1)."""
    t, walls = torch.linspace(0, 1, count, dtype=torch.float64), torch.tensor([-1.0, 1.0], dtype=torch.float64)
    return torch.cartesian_prod(t, walls), torch.zeros(2 * count, 1, dtype=torch.float64)


@lru_cache(maxsize=1)  # asked for by data, metrics and figures
def shock(points: int = 256, frames: int = 99, viscosity: float = 0.01 / math.pi) -> dict[str, np.ndarray]:
    r"""−sin πx, which steepens to a shock at x = 0 by t = 1/π, with ν = 0.01/π in the paper: the exact solution.

    Source: the grid of Raissi, Perdikaris and Karniadakis 2019, doi 10.1016/j.jcp.2018.10.045
    (arXiv 1711.10561).

    Args:
        points: Points from −1 to 1, both included.
        frames: Times after the first, 0.01 apart.
        viscosity: ν.

    Returns:
        ``x`` (points,), ``t`` (frames + 1,) and ``u`` (points, frames + 1).

    Raises:
        ValueError: A number is out of bounds.
    """
    check_at_least(1, frames=frames)
    check_at_least(2, points=points)
    check_positive(viscosity=viscosity)
    x, t = torch.linspace(-1, 1, points, dtype=torch.float64), 0.01 * torch.arange(frames + 1, dtype=torch.float64)
    return {"x": x.numpy(), "t": t.numpy(), "u": Burgers(viscosity).from_sine(x, t).numpy()}


@lru_cache(maxsize=1)  # asked for by data, metrics and figures
def sine(points: int = 256, frames: int = 200, substeps: int = 20) -> dict[str, np.ndarray]:
    r"""−sin(πx/8) on the periodic interval [−8, 8) up to t = 10, with ν = 0.1.

    Source: Raissi 2018, arXiv 1801.06637.

    Args:
        points: Points of the interval.
        frames: Times after the first, up to 10.
        substeps: Steps of the solver between two times.

    Returns:
        As `shock`.
    """
    interval = PeriodicInterval(-8.0, 8.0, points)
    return reference(Burgers(0.1).solve, interval, -torch.sin(math.pi * interval.x / 8), 10.0, frames, substeps)


@lru_cache(maxsize=1)  # asked for by data, metrics and figures
def gaussian(points: int = 256, frames: int = 100, substeps: int = 20) -> dict[str, np.ndarray]:
    r"""exp(−(x + 2)²) on the periodic interval [−8, 8) up to t = 10, with ν = 0.1.

    Source: Rudy, Brunton, Proctor and Kutz 2017, doi 10.1126/sciadv.1602614; Raissi 2018, arXiv 1801.06637, as a
    start that was not trained on.

    Args:
        points: Points of the interval.
        frames: Times after the first, up to 10.
        substeps: Steps of the solver between two times.

    Returns:
        As `shock`.
    """
    interval = PeriodicInterval(-8.0, 8.0, points)
    return reference(Burgers(0.1).solve, interval, torch.exp(-((interval.x + 2) ** 2)), 10.0, frames, substeps)
