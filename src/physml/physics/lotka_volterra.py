r"""The Lotka–Volterra equations: prey and predators whose numbers go round.

Dimensionless: numbers of animals in units of any reference, times in the inverse unit of the rates.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from physml.ops.bounds import check_at_least, check_positive
from physml.ops.integrators import gauss_legendre_step, integrate
from physml.ops.measured_trajectories import measured_trajectories


@dataclass(frozen=True)
class LotkaVolterra:
    r"""The Lotka–Volterra equations.

    .. math::

        \dot x = \alpha x - \beta x y, \qquad \dot y = \delta x y - \gamma y, \qquad
        H = \delta x - \gamma \ln x + \beta y - \alpha \ln y

    H is conserved: it is the Hamiltonian of the coordinate ln y and the momentum ln x. Small oscillations about the
    equilibrium :math:`(\gamma / \delta, \alpha / \beta)` have the period :math:`2 \pi / \sqrt{\alpha \gamma}`.

    Units: see the module.

    Source: Lotka 1920, doi 10.1073/pnas.6.7.410; Volterra 1926, doi 10.1038/118558a0.

    Args:
        alpha: α, the growth of the prey.
        beta: β, how much a predator takes of it.
        gamma: γ, the decline of the predators.
        delta: δ, their growth by a prey.
    """

    alpha: float = 1.0
    beta: float = 1.0
    gamma: float = 1.0
    delta: float = 1.0

    def energy(self, state: Tensor) -> Tensor:
        """Return H of states (x, y). Shapes: (…, 2) → (…,)."""
        x, y = state.unbind(-1)
        return self.delta * x - self.gamma * torch.log(x) + self.beta * y - self.alpha * torch.log(y)

    def derivative(self, state: Tensor) -> Tensor:
        """Return ẋ and ẏ of states (x, y). Shapes: (…, 2) → (…, 2)."""
        return state * self._rates(state)

    def residual(self, x: Tensor, y: Tensor, x_t: Tensor, y_t: Tensor) -> Tensor:
        """Return what is zero for a solution, for both equations. Shapes: (…,) each → (…, 2)."""
        return torch.stack([x_t, y_t], dim=-1) - self.derivative(torch.stack([x, y], dim=-1))

    def trajectory(self, start: Tensor, dt: float, steps: int, substeps: int | None = None) -> Tensor:
        r"""Return the states every `dt`, by the Gauss–Legendre method of order 4, symplectic for (ln x, ln y).

        Args:
            start: First states (x, y), positive.
            dt: Time between two states.
            steps: States after the first.
            substeps: Integrator steps between two states; as many as keep each below
                :math:`0.05 / \sqrt{\alpha \gamma}` unless given.

        Shapes: (…, 2) → (…, steps + 1, 2)
        """
        if substeps is None:
            substeps = math.ceil(abs(dt) * math.sqrt(self.alpha * self.gamma) / 0.05)

        def rates(logarithms: Tensor) -> Tensor:
            return self._rates(torch.exp(logarithms))

        return torch.exp(integrate(rates, torch.log(start), dt, steps, gauss_legendre_step, substeps))

    def _rates(self, state: Tensor) -> Tensor:
        """Return ẋ/x and ẏ/y."""
        x, y = state.unbind(-1)
        return torch.stack([self.alpha - self.beta * y, self.delta * x - self.gamma], dim=-1)


def simulate(
    rng: np.random.Generator,
    count: int = 50,
    steps: int = 100,
    dt: float = 0.2,
    noise: float = 0.0,
    lowest: float = 0.5,
    highest: float = 2.0,
    law: LotkaVolterra | None = None,
) -> dict[str, np.ndarray]:
    """Return trajectories from random starts, exact and as measured.

    Units: dimensionless, with all rates 1 unless `law` says otherwise.

    Args:
        rng: Source of the starts and the noise.
        count: Number of trajectories.
        steps: States after the first.
        dt: Time between two states.
        noise: Standard deviation of the measured numbers; the derivatives are exact.
        lowest: Lowest number of animals at the start.
        highest: Highest number of animals at the start.
        law: The rates.

    Returns:
        ``t`` (steps + 1,), ``x`` (trajectories, steps + 1, 2), the states (x, y), ``x_noisy``, the same as measured,
        ``v``, their derivatives, and ``E`` (trajectories, steps + 1), the conserved quantity H.

    Raises:
        ValueError: A number is out of bounds.
    """
    check_at_least(1, count=count)
    check_at_least(0, steps=steps, noise=noise)
    check_positive(dt=dt, lowest=lowest)
    check_at_least(lowest, highest=highest)
    law = law or LotkaVolterra()
    x = law.trajectory(torch.from_numpy(rng.uniform(lowest, highest, (count, 2))), dt, steps)
    return measured_trajectories(law, x, dt, noise * rng.standard_normal(x.shape))
