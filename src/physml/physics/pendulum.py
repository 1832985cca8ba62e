r"""The plane pendulum: a point mass on a massless rod, without friction.

Units are any consistent set: with kg, m and m/s², momenta are in kg m²/s, energies in J and times in s. The angle q is
in rad from the downward vertical; the energy is zero at rest.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from scipy.special import ellipk
from torch import Tensor

from physml.ops.bounds import check_at_least, check_positive
from physml.ops.integrators import gauss_legendre_step, integrate
from physml.ops.measured_trajectories import measured_trajectories
from physml.ops.random_states import ring

Starts = Callable[[np.random.Generator, int], Tensor]


@dataclass(frozen=True)
class Pendulum:
    r"""The pendulum in canonical coordinates.

    .. math::

        H = \frac{p^2}{2 m l^2} + m g l (1 - \cos q), \qquad \dot q = \frac{p}{m l^2}, \qquad
        \dot p = -m g l \sin q

    Units: see the module.

    Source: Landau, Lifshitz, Mechanics, § 11, problem 1 (the period).

    Args:
        mass: m.
        length: l.
        gravity: g.
    """

    mass: float = 1.0
    length: float = 1.0
    gravity: float = 1.0

    def energy(self, state: Tensor) -> Tensor:
        """Return H of states (q, p). Shapes: (…, 2) → (…,)."""
        q, p = state.unbind(-1)
        return p**2 / (2 * self._inertia) + self._torque * (1 - torch.cos(q))

    def derivative(self, state: Tensor) -> Tensor:
        """Return Hamilton's equations for states (q, p). Shapes: (…, 2) → (…, 2)."""
        q, p = state.unbind(-1)
        return torch.stack([p / self._inertia, -self._torque * torch.sin(q)], dim=-1)

    def residual(self, q: Tensor, q_tt: Tensor) -> Tensor:
        r"""Return :math:`m l^2 \ddot q + m g l \sin q`, which is zero for a solution. Shapes: those of q."""
        return self._inertia * q_tt + self._torque * torch.sin(q)

    def period(self, state: Tensor) -> Tensor:
        r"""Return the exact period of the swings through states; NaN where the pendulum turns over.

        .. math:: T = 4 \sqrt{l / g}\; K(k^2), \qquad k = \sin \frac{q_{max}}{2} = \sqrt{\frac{H}{2 m g l}}

        K is the complete elliptic integral of the first kind.

        Shapes: (…, 2) → (…,)
        """
        integral = ellipk((self.energy(state) / (2 * self._torque)).numpy())
        return 4 * math.sqrt(self.length / self.gravity) * torch.as_tensor(integral, dtype=state.dtype)

    def trajectory(self, start: Tensor, dt: float, steps: int, substeps: int | None = None) -> Tensor:
        """Return the states every `dt`, by the symplectic Gauss–Legendre method of order 4.

        Args:
            start: First states (q, p).
            dt: Time between two states.
            steps: States after the first.
            substeps: Integrator steps between two states; as many as keep each below 0.05 √(l/g) unless given, which
                keeps the energy to 1e-7 of m g l.

        Shapes: (…, 2) → (…, steps + 1, 2)
        """
        if substeps is None:
            substeps = math.ceil(abs(dt) / (0.05 * math.sqrt(self.length / self.gravity)))
        return integrate(self.derivative, start, dt, steps, gauss_legendre_step, substeps)

    @property
    def _inertia(self) -> float:
        return self.mass * self.length**2

    @property
    def _torque(self) -> float:
        return self.mass * self.gravity * self.length


PAPER = Pendulum(mass=0.5, length=1.0, gravity=6.0)  # H = p² + 3 (1 − cos q)
RING: Starts = partial(ring, inner=1.3, outer=2.3)


def simulate(
    rng: np.random.Generator,
    count: int = 50,
    steps: int = 44,
    dt: float = 3 / 44,
    noise: float = 0.1,
    starts: Starts = RING,
    law: Pendulum = PAPER,
) -> dict[str, np.ndarray]:
    r"""Return trajectories from random starts, exact and as measured.

    Units: dimensionless, with :math:`H = p^2 + 3 (1 - \cos q)`, unless `law` says otherwise.

    Source: the defaults are those of the code of Greydanus, Dzamba and Yosinski 2019, arXiv 1906.01563.

    Args:
        rng: Source of the starts and the noise.
        count: Number of trajectories.
        steps: States after the first.
        dt: Time between two states.
        noise: Standard deviation of the measured angles and momenta; the derivatives are exact.
        starts: Draws the first states; from a ring with radii of 1.3 to 2.3 unless given.
        law: m, l and g.

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
