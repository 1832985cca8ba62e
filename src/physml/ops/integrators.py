"""One-step integrators of ordinary differential equations, over any number of trajectories at once."""

from collections.abc import Callable

import torch
from torch import Tensor

Derivative = Callable[[Tensor], Tensor]
Step = Callable[[Derivative, Tensor, float], Tensor]


def runge_kutta_step(derivative: Derivative, state: Tensor, dt: float) -> Tensor:
    r"""One step of the classical explicit Runge–Kutta method of order 4.

    .. math:: z_{n+1} = z_n + \frac{h}{6}\,(k_1 + 2 k_2 + 2 k_3 + k_4)

    Four evaluations a step; the energy of a conservative system drifts as :math:`t h^4`.

    Units: those of `state`; `dt` in the unit of time of `derivative`.

    Source: Hairer, Nørsett, Wanner, Solving Ordinary Differential Equations I (1993), section II.1.

    Args:
        derivative: :math:`\dot z(z)`, autonomous.
        state: :math:`z_n`, any shape.
        dt: :math:`h`; negative steps go back in time.

    Shapes: (…) → (…)

    Example:
        >>> runge_kutta_step(lambda z: z, torch.ones(1, dtype=torch.float64), 0.5)
        tensor([1.6484], dtype=torch.float64)
    """
    k1 = derivative(state)
    k2 = derivative(state + dt / 2 * k1)
    k3 = derivative(state + dt / 2 * k2)
    k4 = derivative(state + dt * k3)
    return state + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def gauss_legendre_step(derivative: Derivative, state: Tensor, dt: float, iterations: int = 50) -> Tensor:
    r"""One step of the implicit two-stage Gauss–Legendre method of order 4.

    .. math::

        k_i = f\Big(z_n + h \sum_j a_{ij} k_j\Big), \quad z_{n+1} = z_n + \tfrac{h}{2} (k_1 + k_2), \quad
        a = \begin{pmatrix} 1/4 & 1/4 - \sqrt3/6 \\ 1/4 + \sqrt3/6 & 1/4 \end{pmatrix}

    Symmetric in time, and symplectic where `state` holds canonical coordinates (q, p): then the energy error of a
    conservative system stays bounded instead of drifting. The stages are found by fixed-point iteration close to
    rounding, which converges for steps well below the fastest time scale.

    Units: those of `state`; `dt` in the unit of time of `derivative`.

    Source: Hairer, Lubich, Wanner, Geometric Numerical Integration (2006), sections II.1.3 and VI.4.

    Args:
        derivative: :math:`f(z) = \dot z`, autonomous.
        state: :math:`z_n`, any shape.
        dt: :math:`h`; negative steps go back in time.
        iterations: Most fixed-point iterations.

    Shapes: (…) → (…)

    Raises:
        ValueError: The iteration has not converged.
    """
    near, far = 0.25 - 3**0.5 / 6, 0.25 + 3**0.5 / 6
    k1 = k2 = derivative(state)
    for _ in range(iterations):
        new1 = derivative(state + dt * (k1 / 4 + near * k2))
        new2 = derivative(state + dt * (far * k1 + k2 / 4))
        change = torch.maximum((new1 - k1).abs().max(), (new2 - k2).abs().max())
        k1, k2 = new1, new2
        if change <= 256 * torch.finfo(state.dtype).eps * (1 + k1.abs().max()):
            return state + dt / 2 * (k1 + k2)
    raise ValueError(f"expected the implicit step to converge, got a residual of {change:.1e} for dt={dt:g}: lower dt")


def integrate(
    derivative: Derivative, state: Tensor, dt: float, steps: int, step: Step = runge_kutta_step, substeps: int = 1
) -> Tensor:
    """Trajectory from `state`, recorded every `dt`.

    Args:
        derivative: Right-hand side of the equations of motion, autonomous.
        state: Initial states.
        dt: Time between two recorded states.
        steps: Number of recorded steps after the initial state.
        step: The integrator's step, one of this file.
        substeps: Integrator steps between two recorded states.

    Shapes: (…, features) → (…, steps + 1, features)
    """
    states = [state]
    for _ in range(steps):
        for _ in range(substeps):
            state = step(derivative, state, dt / substeps)
        states.append(state)
    return torch.stack(states, dim=-2)
