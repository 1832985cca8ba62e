r"""The planar double pendulum: two point masses on massless rods, conservative and chaotic.

Angles are measured from the downward vertical; the energy is zero at rest. With the default masses, lengths and
gravity of 1 everything is in natural units: times in :math:`\sqrt{l/g}` (0.32 s for 1 m), energies in :math:`m g l`.
Pass SI values for SI results.
"""

import math
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from physml.ops.bounds import check_at_least, check_positive
from physml.ops.integrators import integrate
from physml.ops.measured_trajectories import measured_trajectories


@dataclass(frozen=True)
class DoublePendulum:
    r"""Equations of motion of the double pendulum in canonical coordinates.

    .. math::

        T &= \tfrac12 (m_1 + m_2) l_1^2 \omega_1^2 + \tfrac12 m_2 l_2^2 \omega_2^2
             + m_2 l_1 l_2 \omega_1 \omega_2 \cos(\theta_1 - \theta_2) \\
        V &= (m_1 + m_2) g l_1 (1 - \cos\theta_1) + m_2 g l_2 (1 - \cos\theta_2) \\
        p_i &= \partial T / \partial \omega_i, \qquad \dot\theta_i = \omega_i, \qquad
        \dot p_i = \partial (T - V) / \partial \theta_i

    Units: any consistent set; kg, m and m/s² give angular velocities in rad/s and energies in J.

    Source: Landau, Lifshitz, Mechanics, § 5, problem 1 (the Lagrangian).

    Args:
        mass_1: :math:`m_1`, the upper mass.
        mass_2: :math:`m_2`, the lower mass.
        length_1: :math:`l_1`, the upper rod.
        length_2: :math:`l_2`, the lower rod.
        gravity: :math:`g`.
    """

    mass_1: float = 1.0
    mass_2: float = 1.0
    length_1: float = 1.0
    length_2: float = 1.0
    gravity: float = 1.0

    def momenta(self, theta: Tensor, omega: Tensor) -> Tensor:
        r"""Canonical momenta :math:`p = M(\theta)\,\omega`. Shapes: (…, 2), (…, 2) → (…, 2)."""
        a, b, d = self._inertia(theta)
        omega_1, omega_2 = omega.unbind(-1)
        return torch.stack([a * omega_1 + b * omega_2, b * omega_1 + d * omega_2], dim=-1)

    def velocities(self, theta: Tensor, momenta: Tensor) -> Tensor:
        r"""Angular velocities :math:`\omega = M^{-1}(\theta)\,p`. Shapes: (…, 2), (…, 2) → (…, 2)."""
        a, b, d = self._inertia(theta)
        p_1, p_2 = momenta.unbind(-1)
        return torch.stack([d * p_1 - b * p_2, a * p_2 - b * p_1], dim=-1) / (a * d - b * b).unsqueeze(-1)

    def derivative(self, canonical: Tensor) -> Tensor:
        r"""Hamilton's equations for :math:`z = (\theta_1, \theta_2, p_1, p_2)`. Shapes: (…, 4) → (…, 4)."""
        theta, momenta = canonical[..., :2], canonical[..., 2:]
        omega = self.velocities(theta, momenta)
        theta_1, theta_2 = theta.unbind(-1)
        coupling = (
            self.mass_2 * self.length_1 * self.length_2 * omega[..., 0] * omega[..., 1] * torch.sin(theta_1 - theta_2)
        )
        force_1 = -(self.mass_1 + self.mass_2) * self.gravity * self.length_1 * torch.sin(theta_1) - coupling
        force_2 = -self.mass_2 * self.gravity * self.length_2 * torch.sin(theta_2) + coupling
        return torch.cat([omega, torch.stack([force_1, force_2], dim=-1)], dim=-1)

    def acceleration(self, theta: Tensor, omega: Tensor) -> Tensor:
        r"""Angular accelerations, from the rate of change of the canonical momenta.

        .. math:: \dot\omega = M^{-1}(\theta)\, \big( \dot p - \dot M\, \omega \big)

        Shapes: (…, 2), (…, 2) → (…, 2)
        """
        force = self.derivative(torch.cat([theta, self.momenta(theta, omega)], dim=-1))[..., 2:]
        slope = -self.mass_2 * self.length_1 * self.length_2 * torch.sin(theta[..., 0] - theta[..., 1])
        turning = slope * (omega[..., 0] - omega[..., 1])  # the change of M's only entry that changes, off its diagonal
        return self.velocities(theta, force - turning[..., None] * omega.flip(-1))

    def energy(self, theta: Tensor, omega: Tensor) -> Tensor:
        r"""Total energy :math:`T + V`, zero at rest. Shapes: (…, 2), (…, 2) → (…,)."""
        kinetic = 0.5 * (omega * self.momenta(theta, omega)).sum(-1)
        height = 1 - torch.cos(theta)
        upper = (self.mass_1 + self.mass_2) * self.length_1 * height[..., 0]
        lower = self.mass_2 * self.length_2 * height[..., 1]
        return kinetic + self.gravity * (upper + lower)

    def tips(self, theta: Tensor) -> Tensor:
        """Positions (horizontal, vertical) of the two masses, the pivot at 0. Shapes: (…, 2) → (…, 2 masses, 2)."""
        lengths = theta.new_tensor([self.length_1, self.length_2])
        rods = torch.stack([lengths * torch.sin(theta), -lengths * torch.cos(theta)], dim=-1)
        return rods.cumsum(dim=-2)

    def trajectory(
        self, theta: Tensor, omega: Tensor, dt: float, steps: int, substeps: int | None = None
    ) -> tuple[Tensor, Tensor]:
        """Angles (unwrapped) and angular velocities every `dt`, by the classical Runge–Kutta method.

        Explicit, so that fast flips need no solver to converge; substeps of 0.0125 √(l/g) keep the energy to 1e-5
        over 12 √(l/g) for initial angles up to 2 rad.

        Args:
            theta: Initial angles in rad.
            omega: Initial angular velocities.
            dt: Time between recorded states.
            steps: Recorded steps after the initial state.
            substeps: Integrator steps between recorded states; as many as keep each below
                0.0125 √(l/g) unless given.

        Shapes: (…, 2), (…, 2) → (…, steps + 1, 2), (…, steps + 1, 2)
        """
        start = torch.cat([theta, self.momenta(theta, omega)], dim=-1)
        if substeps is None:
            swing = math.sqrt(min(self.length_1, self.length_2) / self.gravity)
            substeps = math.ceil(abs(dt) / (0.0125 * swing))
        canonical = integrate(self.derivative, start, dt, steps, substeps=substeps)
        theta, momenta = canonical[..., :2], canonical[..., 2:]
        return theta, self.velocities(theta, momenta)

    def _inertia(self, theta: Tensor) -> tuple[float, Tensor, float]:
        cosine = torch.cos(theta[..., 0] - theta[..., 1])
        return (
            (self.mass_1 + self.mass_2) * self.length_1**2,
            self.mass_2 * self.length_1 * self.length_2 * cosine,
            self.mass_2 * self.length_2**2,
        )


@dataclass(frozen=True)
class AngularStates:
    r"""The double pendulum as a law of states :math:`z = (\theta_1, \theta_2, \omega_1, \omega_2)`.

    .. math:: \dot z = (\omega,\; \dot\omega(\theta, \omega))

    Angles and their velocities are what is measured; canonical momenta need the masses.

    Units: as :class:`DoublePendulum`.

    Args:
        pendulum: Masses, lengths and gravity.
    """

    pendulum: DoublePendulum = field(default_factory=DoublePendulum)

    def energy(self, state: Tensor) -> Tensor:
        """Return the energy of states, zero at rest. Shapes: (…, 4) → (…,)."""
        return self.pendulum.energy(*state.chunk(2, dim=-1))

    def derivative(self, state: Tensor) -> Tensor:
        """Return how states change with time. Shapes: (…, 4) → (…, 4)."""
        theta, omega = state.chunk(2, dim=-1)
        return torch.cat([omega, self.pendulum.acceleration(theta, omega)], dim=-1)

    def trajectory(self, start: Tensor, dt: float, steps: int) -> Tensor:
        """Return the states every `dt`. Shapes: (…, 4) → (…, steps + 1, 4)."""
        return torch.cat(self.pendulum.trajectory(*start.chunk(2, dim=-1), dt, steps), dim=-1)


def angular_states(
    rng: np.random.Generator,
    count: int = 50,
    steps: int = 49,
    dt: float = 0.2,
    noise: float = 0.0,
    angle: float = 1.0,
    velocity: float = 0.4,
    law: AngularStates | None = None,
) -> dict[str, np.ndarray]:
    r"""Return trajectories from random starts, exact and as measured.

    .. math:: \theta_i \sim U(-\theta_{max}, \theta_{max}), \qquad \omega_i \sim U(-\omega_{max}, \omega_{max})

    Units: natural (m = l = g = 1) unless `law` says otherwise. With the default angles and velocities no start has the
    energy 2 m g l at which the lower rod can turn over, so that angles stay angles.

    Args:
        rng: Source of the starts and the noise.
        count: Number of trajectories.
        steps: States after the first.
        dt: Time between two states.
        noise: Standard deviation of the measured angles and velocities; the derivatives are exact.
        angle: :math:`\theta_{max}` in rad.
        velocity: :math:`\omega_{max}`.
        law: Masses, lengths and gravity.

    Returns:
        ``t`` (steps + 1,), ``x`` (trajectories, steps + 1, 4), the states, ``x_noisy``, the same as measured, ``v``,
        their derivatives, and ``E`` (trajectories, steps + 1), their energies.

    Raises:
        ValueError: A number is out of bounds.
    """
    check_at_least(1, count=count)
    check_at_least(0, steps=steps, noise=noise, angle=angle, velocity=velocity)
    check_positive(dt=dt)
    law = law or AngularStates()
    bounds = np.array([angle, angle, velocity, velocity])
    x = law.trajectory(torch.from_numpy(rng.uniform(-bounds, bounds, (count, 4))), dt, steps)
    return measured_trajectories(law, x, dt, noise * rng.standard_normal(x.shape))


def simulate(
    rng: np.random.Generator,
    count: int = 16,
    steps: int = 200,
    dt: float = 0.2,
    angle: float = 2.0,
    velocity: float = 1.0,
    pendulum: DoublePendulum | None = None,
) -> dict[str, np.ndarray]:
    r"""Trajectories from random initial states, in float64.

    .. math:: \theta_i \sim U(-\theta_{max}, \theta_{max}), \qquad \omega_i \sim U(-\omega_{max}, \omega_{max})

    Units: natural (m = l = g = 1) unless `pendulum` says otherwise.

    Args:
        rng: Source of the initial states.
        count: Number of trajectories.
        steps: Recorded steps after the initial state.
        dt: Time between recorded states.
        angle: :math:`\theta_{max}` in rad.
        velocity: :math:`\omega_{max}`.
        pendulum: Masses, lengths and gravity; all 1 if not given.

    Returns:
        Arrays ``t`` (time,), ``theta`` and ``omega`` (trajectory, time, 2), unwrapped angles in rad, and the energy
        ``E`` (trajectory, time).

    Raises:
        ValueError: A number is out of bounds.
    """
    check_at_least(1, count=count)
    check_at_least(0, steps=steps, angle=angle, velocity=velocity)
    check_positive(dt=dt)
    pendulum = pendulum or DoublePendulum()
    theta = torch.from_numpy(rng.uniform(-angle, angle, (count, 2)))
    omega = torch.from_numpy(rng.uniform(-velocity, velocity, (count, 2)))
    theta, omega = pendulum.trajectory(theta, omega, dt, steps)
    arrays = {"theta": theta, "omega": omega, "E": pendulum.energy(theta, omega)}
    return {"t": dt * np.arange(steps + 1)} | {name: array.numpy() for name, array in arrays.items()}


def encode(theta: Tensor, omega: Tensor) -> Tensor:
    r"""State of the pendulum without the jump of an angle at ±π.

    .. math:: (\sin\theta_1, \cos\theta_1, \sin\theta_2, \cos\theta_2, \omega_1, \omega_2)

    Units: those of `omega` in the last two features.

    Shapes: (…, 2), (…, 2) → (…, 6)
    """
    circle = torch.stack([torch.sin(theta), torch.cos(theta)], dim=-1).flatten(-2)
    return torch.cat([circle, omega], dim=-1)


def decode(state: Tensor) -> tuple[Tensor, Tensor]:
    """Angles in rad, in (−π, π], and angular velocities of an encoded state; the radius of (sin θ, cos θ) is ignored.

    Shapes: (…, 6) → (…, 2), (…, 2)

    Raises:
        ValueError: The last dimension is not the six features of :func:`encode`.

    Example:
        >>> decode(encode(torch.tensor([0.5, -2.0]), torch.tensor([1.0, 3.0])))
        (tensor([ 0.5000, -2.0000]), tensor([1., 3.]))
    """
    if state.shape[-1] != 6:
        raise ValueError(
            f"expected states of 6 features (sin, cos, sin, cos, ω1, ω2), got shape {tuple(state.shape)}: "
            "use double-pendulum data"
        )
    circle, omega = state[..., :4].unflatten(-1, (2, 2)), state[..., 4:]
    return torch.atan2(circle[..., 0], circle[..., 1]), omega


class Energy:
    """Total energy of encoded states, for constraints and metrics.

    Units: as :class:`DoublePendulum`; m g l with its defaults.

    Args:
        pendulum: Masses, lengths and gravity; all 1 if not given.

    Shapes: (…, 6) → (…,)

    Example:
        >>> Energy()(torch.tensor([0.0, 1.0, 0.0, -1.0, 0.0, 0.0]))  # the lower rod upright: 2 m g l
        tensor(2.)
    """

    def __init__(self, pendulum: DoublePendulum | None = None) -> None:
        self.pendulum = pendulum or DoublePendulum()

    def __call__(self, state: Tensor) -> Tensor:
        """Return the energy of each state."""
        return self.pendulum.energy(*decode(state))
