r"""The Lorenz system: convection in three modes, chaotic.

Dimensionless: x is the strength of the convection, y and z are the temperature differences that go with it.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.integrate import solve_ivp
from torch import Tensor

from physml.ops.bounds import check_at_least, check_positive


@dataclass(frozen=True)
class Lorenz:
    r"""The Lorenz system.

    .. math:: \dot x = \sigma (y - x), \qquad \dot y = x (\rho - z) - y, \qquad \dot z = x y - \beta z

    Units: see the module.

    Source: Lorenz 1963, doi 10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2, eqs. 25 to 27.

    Args:
        sigma: σ, the Prandtl number.
        rho: ρ, the Rayleigh number in units of its critical value.
        beta: β.
    """

    sigma: float = 10.0
    rho: float = 28.0
    beta: float = 8 / 3

    def derivative(self, state: Tensor) -> Tensor:
        """Return ẋ, ẏ and ż. Shapes: (…, 3) → (…, 3)."""
        x, y, z = state.unbind(-1)
        return torch.stack([self.sigma * (y - x), x * (self.rho - z) - y, x * y - self.beta * z], dim=-1)

    @property
    def terms(self) -> dict[tuple[int, ...], tuple[float, ...]]:
        """The coefficients in ẋ, ẏ and ż of each monomial, by its powers of x, y and z."""
        return {
            (1, 0, 0): (-self.sigma, self.rho, 0.0),
            (0, 1, 0): (self.sigma, -1.0, 0.0),
            (0, 0, 1): (0.0, 0.0, -self.beta),
            (1, 1, 0): (0.0, 0.0, 1.0),
            (1, 0, 1): (0.0, -1.0, 0.0),
        }

    def trajectory(self, start: tuple[float, float, float], dt: float, steps: int) -> Tensor:
        """States every `dt`, by Dormand and Prince's method of order 8 to 1e-10 a step. Shapes: (steps + 1, 3)."""

        def rate(_: float, state: np.ndarray) -> tuple[float, float, float]:
            x, y, z = state
            return self.sigma * (y - x), x * (self.rho - z) - y, x * y - self.beta * z

        t = dt * np.arange(steps + 1)
        found = solve_ivp(rate, (0, t[-1]), start, method="DOP853", t_eval=t, rtol=1e-10, atol=1e-10)
        return torch.from_numpy(np.ascontiguousarray(found.y.T))


def simulate(
    rng: np.random.Generator,
    steps: int = 100_000,
    dt: float = 1e-3,
    state_noise: float = 0.0,
    derivative_noise: float = 0.0,
    lorenz: Lorenz | None = None,
) -> dict[str, np.ndarray]:
    """Return one trajectory from (−8, 8, 27), its derivatives, and both with Gaussian noise.

    Source: Brunton, Proctor and Kutz 2016, doi 10.1073/pnas.1517384113, section "Chaotic Lorenz system".

    Args:
        rng: Source of the noise.
        steps: States after the first.
        dt: Time between two states.
        state_noise: Standard deviation of the noise on the states.
        derivative_noise: Standard deviation of the noise on the derivatives.
        lorenz: σ, ρ and β (default: those of Lorenz).

    Returns:
        ``t`` (steps + 1,), ``x`` and ``v`` (steps + 1, 3) exact, ``x_noisy`` and ``v_noisy`` as measured.

    Raises:
        ValueError: A number is out of bounds.
    """
    check_at_least(1, steps=steps)
    check_at_least(0, state_noise=state_noise, derivative_noise=derivative_noise)
    check_positive(dt=dt)
    lorenz = lorenz or Lorenz()
    x = lorenz.trajectory((-8.0, 8.0, 27.0), dt, steps)
    v = lorenz.derivative(x).numpy()
    x = x.numpy()
    return {
        "t": dt * np.arange(steps + 1),
        "x": x,
        "v": v,
        "x_noisy": x + state_noise * rng.standard_normal(x.shape),
        "v_noisy": v + derivative_noise * rng.standard_normal(v.shape),
    }
