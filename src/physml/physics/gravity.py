r"""Point masses that attract each other, in a plane: the problems of two and of three bodies.

Units are any consistent set in which `constant` is Newton's; the named set-ups are dimensionless, with masses and
constant 1, distances and times of order 1.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from physml.ops.bounds import check_at_least, check_positive
from physml.ops.integrators import gauss_legendre_step, integrate
from physml.ops.measured_trajectories import measured_trajectories


@dataclass(frozen=True)
class Gravity:
    r"""Newton's law of gravity in canonical coordinates.

    .. math::

        H = \sum_i \frac{p_i^2}{2 m_i} - \sum_{i<j} \frac{G m_i m_j}{|q_i - q_j|}, \qquad
        \dot q_i = \frac{p_i}{m_i}, \qquad
        \dot p_i = -\sum_{j \ne i} \frac{G m_i m_j (q_i - q_j)}{|q_i - q_j|^3}

    A state holds the coordinates of the bodies, one body after the other, and then their momenta.

    Units: see the module.

    Source: Newton 1687; Landau, Lifshitz, Mechanics, chapter III (two bodies).

    Args:
        masses: :math:`m_i`.
        constant: G.
    """

    masses: Sequence[float] = (1.0, 1.0)
    constant: float = 1.0

    def energy(self, state: Tensor) -> Tensor:
        """Return H of states. Shapes: (…, 4 bodies) → (…,)."""
        q, p = self.bodies(state)
        masses = state.new_tensor(self.masses)
        i, j = torch.triu_indices(len(masses), len(masses), 1)
        distance = (q[..., i, :] - q[..., j, :]).norm(dim=-1)
        potential = -self.constant * (masses[i] * masses[j] / distance).sum(-1)
        return (p.square().sum(-1) / (2 * masses)).sum(-1) + potential

    def period(self, state: Tensor) -> Tensor:
        r"""Return the period of two bodies about each other, NaN where they are not bound.

        .. math:: T = 2 \pi \sqrt{\frac{a^3}{G M}}, \qquad a = \frac{G m_1 m_2}{2 |H|}, \qquad M = m_1 + m_2

        H is the energy in the frame of their common centre.

        Shapes: (…, 8) → (…,)

        Raises:
            ValueError: There are more than two bodies, whose motion has no period.
        """
        if len(self.masses) != 2:
            raise ValueError(f"expected two bodies, got {len(self.masses)}, whose motion has no period: ask of two")
        total = sum(self.masses)
        drift = self.bodies(state)[1].sum(-2).square().sum(-1) / (2 * total)
        axis = -self.constant * math.prod(self.masses) / (2 * (self.energy(state) - drift))
        return 2 * math.pi * (axis**3 / (self.constant * total)).sqrt()

    def derivative(self, state: Tensor) -> Tensor:
        """Return Hamilton's equations. Shapes: (…, 4 bodies) → (…, 4 bodies)."""
        q, p = self.bodies(state)
        velocity = p / state.new_tensor(self.masses)[:, None]
        return torch.cat([velocity.flatten(-2), self.force(q).flatten(-2)], dim=-1)

    def force(self, q: Tensor) -> Tensor:
        """Return the force on each body. Shapes: (…, bodies, 2) → (…, bodies, 2)."""
        masses = q.new_tensor(self.masses)
        separation = q[..., :, None, :] - q[..., None, :, :]
        # A body is no distance from itself: with 1 there, its own force is 0 and not 0/0.
        square = separation.square().sum(-1) + torch.eye(len(masses)).to(q)
        strength = self.constant * masses[:, None] * masses / (square * square.sqrt())
        return -(strength[..., None] * separation).sum(-2)

    def residual(self, q: Tensor, q_tt: Tensor) -> Tensor:
        r"""Return :math:`m_i \ddot q_i - F_i`, zero for a solution. Shapes: (…, bodies, 2) twice → (…, bodies, 2)."""
        return q.new_tensor(self.masses)[:, None] * q_tt - self.force(q)

    def trajectory(self, start: Tensor, dt: float, steps: int, substeps: int = 1) -> Tensor:
        """Return the states every `dt`, by the symplectic Gauss–Legendre method of order 4.

        Args:
            start: First states.
            dt: Time between two states.
            steps: States after the first.
            substeps: Integrator steps between two states.

        Shapes: (…, 4 bodies) → (…, steps + 1, 4 bodies)
        """
        return integrate(self.derivative, start, dt, steps, gauss_legendre_step, substeps)

    def bodies(self, state: Tensor) -> tuple[Tensor, Tensor]:
        """Return coordinates and momenta of each body. Shapes: (…, 4 bodies) → (…, bodies, 2) twice.

        Raises:
            ValueError: The state is of another number of bodies.
        """
        if state.shape[-1] != 4 * len(self.masses):
            raise ValueError(
                f"expected states of {len(self.masses)} bodies, {4 * len(self.masses)} features, got "
                f"{state.shape[-1]}: give as many masses as there are bodies"
            )
        q, p = state.unflatten(-1, (2, len(self.masses), 2)).unbind(-3)
        return q, p


def momentum(state: Tensor) -> Tensor:
    r"""Return the total momentum :math:`\sum_i p_i` of any number of bodies. Shapes: (…, 4 bodies) → (…, 2)."""
    return state.unflatten(-1, (2, -1, 2))[..., 1, :, :].sum(-2)


def angular_momentum(state: Tensor) -> Tensor:
    r"""Return :math:`\sum_i q_i \times p_i` about the origin, of any number of bodies. Shapes: (…, 4 bodies) → (…,)."""
    q, p = state.unflatten(-1, (2, -1, 2)).unbind(-3)
    return (q[..., 0] * p[..., 1] - q[..., 1] * p[..., 0]).sum(-1)


def two_bodies(
    rng: np.random.Generator, count: int = 100, steps: int = 49, dt: float = 20 / 49, spread: float = 0.05
) -> dict[str, np.ndarray]:
    r"""Return two equal masses on nearly circular orbits about their common centre.

    .. math::
        q_1 = -q_2 = (x, y), \quad x, y \sim U(0.5, 1.5), \qquad
        p_1 = -p_2 = \frac{(-y, x)}{2 r^{3/2}}\,(1 + \sigma\, \epsilon), \quad \epsilon \sim N(0, 1)

    Units: dimensionless (see the module); a circular orbit of radius r has the period :math:`4 \pi r^{3/2}`.

    Source: the code of Greydanus, Dzamba and Yosinski 2019, arXiv 1906.01563; its states are these in another order.

    Args:
        rng: Source of the starts.
        count: Number of trajectories; the paper has 1000.
        steps: States after the first.
        dt: Time between two states.
        spread: σ, which makes the circles ellipses.

    Returns:
        As `simulate`.

    Raises:
        ValueError: A number is out of bounds.
    """
    check_at_least(1, count=count)
    check_at_least(0, steps=steps, spread=spread)
    check_positive(dt=dt)
    place = rng.uniform(0.5, 1.5, (count, 2))
    radius = np.linalg.norm(place, axis=1, keepdims=True)
    momentum = place[:, ::-1] * [-1, 1] / (2 * radius**1.5) * (1 + spread * rng.standard_normal((count, 1)))
    start = np.concatenate([place, -place, momentum, -momentum], axis=1)
    return simulate(Gravity(), torch.from_numpy(start), steps, dt, longest=0.1)


def three_bodies(
    rng: np.random.Generator, count: int = 100, steps: int = 19, dt: float = 5 / 19, spread: float = 0.2
) -> dict[str, np.ndarray]:
    r"""Return three equal masses on a circle, nearly fast enough to stay on it: chaotic, with close encounters.

    .. math::
        q_k = R^k q_0, \quad |q_0| = r \sim U(0.9, 1.2), \qquad
        p_k = R^k J q_0\, \frac{3^{-1/4}}{r^{3/2}} \,(1 + \sigma\, \epsilon_k), \quad
        \epsilon_{k, x}, \epsilon_{k, y} \sim U(-1, 1)

    R turns by a third and J by a quarter of a circle.

    Units: dimensionless (see the module).

    Source: the code of Greydanus, Dzamba and Yosinski 2019, arXiv 1906.01563; its states are these in another order.

    Args:
        rng: Source of the starts.
        count: Number of trajectories; the paper has 5000.
        steps: States after the first.
        dt: Time between two states.
        spread: σ, which takes the bodies off the circle.

    Returns:
        As `simulate`. The energy is kept to 1e-7 in nine trajectories of ten, and to 0.01 in close encounters.

    Raises:
        ValueError: A number is out of bounds.
    """
    check_at_least(1, count=count)
    check_at_least(0, steps=steps, spread=spread)
    check_positive(dt=dt)
    place = rng.uniform(-1, 1, (count, 2))
    radius = rng.uniform(0.9, 1.2, (count, 1))
    place *= radius / np.linalg.norm(place, axis=1, keepdims=True)
    places = [_turned(place, 2 * math.pi * k / 3) for k in range(3)]
    momenta = [
        _turned(q, math.pi / 2) * 3**-0.25 / radius**1.5 * (1 + spread * rng.uniform(-1, 1, (count, 2))) for q in places
    ]
    start = np.concatenate([*places, *momenta], axis=1)
    return simulate(Gravity((1.0, 1.0, 1.0)), torch.from_numpy(start), steps, dt, longest=0.005)


def simulate(law: Gravity, start: Tensor, steps: int, dt: float, longest: float) -> dict[str, np.ndarray]:
    """Return trajectories from given starts.

    Args:
        law: Masses and G.
        start: First states, shape (trajectories, 4 bodies).
        steps: States after the first.
        dt: Time between two states.
        longest: Longest step of the integrator.

    Returns:
        ``t`` (steps + 1,), ``x`` (trajectories, steps + 1, 4 bodies), the states, ``x_noisy``, the same, as they are
        measured without noise, ``v``, their derivatives, and ``E`` (trajectories, steps + 1), their energies.
    """
    return measured_trajectories(law, law.trajectory(start, dt, steps, math.ceil(dt / longest)), dt)


def _turned(vectors: np.ndarray, angle: float) -> np.ndarray:
    cosine, sine = math.cos(angle), math.sin(angle)
    return vectors @ np.array([[cosine, sine], [-sine, cosine]])
