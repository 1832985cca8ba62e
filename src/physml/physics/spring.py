r"""A mass on a spring without friction: the harmonic oscillator, solved exactly.

Units are any consistent set: with kg, N/m and m, momenta are in kg m/s, energies in J and times in s.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from physml.ops.bounds import check_at_least, check_positive
from physml.ops.measured_trajectories import measured_trajectories
from physml.ops.random_states import ring

Starts = Callable[[np.random.Generator, int], Tensor]


@dataclass(frozen=True)
class Spring:
    r"""The harmonic oscillator in canonical coordinates.

    .. math::

        H = \frac{p^2}{2 m} + \frac{k q^2}{2}, \qquad \dot q = \frac pm, \qquad \dot p = -k q, \qquad
        \omega = \sqrt{k / m}

    Units: see the module.

    Source: Landau, Lifshitz, Mechanics, chapter V.

    Args:
        mass: m.
        stiffness: k.
    """

    mass: float = 1.0
    stiffness: float = 1.0

    def energy(self, state: Tensor) -> Tensor:
        """Return H of states (q, p). Shapes: (…, 2) → (…,)."""
        q, p = state.unbind(-1)
        return p**2 / (2 * self.mass) + self.stiffness * q**2 / 2

    def derivative(self, state: Tensor) -> Tensor:
        """Return Hamilton's equations for states (q, p). Shapes: (…, 2) → (…, 2)."""
        q, p = state.unbind(-1)
        return torch.stack([p / self.mass, -self.stiffness * q], dim=-1)

    def period(self, state: Tensor) -> Tensor:
        r"""Return the period :math:`2 \pi / \omega` of the motion through states. Shapes: (…, 2) → (…,)."""
        return torch.full_like(state[..., 0], 2 * math.pi * math.sqrt(self.mass / self.stiffness))

    def residual(self, q: Tensor, q_tt: Tensor) -> Tensor:
        r"""Return :math:`m \ddot q + k q`, which is zero for a solution. Shapes: those of q."""
        return self.mass * q_tt + self.stiffness * q

    def trajectory(self, start: Tensor, dt: float, steps: int) -> Tensor:
        r"""Return the exact states every `dt`.

        .. math:: q = q_0 \cos \omega t + \frac{p_0}{m \omega} \sin \omega t, \qquad
                  p = p_0 \cos \omega t - m \omega\, q_0 \sin \omega t

        Shapes: (…, 2) → (…, steps + 1, 2)
        """
        omega = math.sqrt(self.stiffness / self.mass)
        phase = omega * dt * torch.arange(steps + 1, dtype=start.dtype)
        q, p = start[..., None, 0], start[..., None, 1]
        impedance = self.mass * omega
        return torch.stack(
            [
                q * torch.cos(phase) + p / impedance * torch.sin(phase),
                p * torch.cos(phase) - q * impedance * torch.sin(phase),
            ],
            dim=-1,
        )


PAPER = Spring(mass=0.5, stiffness=2.0)  # H = q² + p²
RING: Starts = partial(ring, inner=0.1, outer=1.0)


def simulate(
    rng: np.random.Generator,
    count: int = 50,
    steps: int = 29,
    dt: float = 3 / 29,
    noise: float = 0.1,
    starts: Starts = RING,
    law: Spring = PAPER,
) -> dict[str, np.ndarray]:
    r"""Return trajectories from random starts, exact and as measured.

    Units: dimensionless, with :math:`H = q^2 + p^2` and so a period of π, unless `law` says otherwise.

    Source: the defaults are those of the code of Greydanus, Dzamba and Yosinski 2019, arXiv 1906.01563.

    Args:
        rng: Source of the starts and the noise.
        count: Number of trajectories.
        steps: States after the first.
        dt: Time between two states.
        noise: Standard deviation of the measured coordinates and momenta; the derivatives are exact.
        starts: Draws the first states; from a ring with radii of 0.1 to 1 unless given.
        law: m and k.

    Returns:
        ``t`` (steps + 1,), ``x`` (trajectories, steps + 1, 2), the states (q, p), ``x_noisy``, the same as measured,
        ``v``, their derivatives, and ``E`` (trajectories, steps + 1), their energies.

    Raises:
        ValueError: A number is out of bounds.
    """
    check_at_least(1, count=count)
    check_at_least(0, steps=steps, noise=noise)
    check_positive(dt=dt)
    x = law.trajectory(starts(rng, count), dt, steps)
    return measured_trajectories(law, x, dt, noise * rng.standard_normal(x.shape))
