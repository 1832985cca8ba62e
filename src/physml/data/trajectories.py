"""Windows of mechanical trajectories: observed states and the states that follow."""

import numpy as np
import torch
from torch import Tensor

from physml.data.arrays import Arrays
from physml.physics import double_pendulum


class DoublePendulumSource:
    r"""Measured double pendulums: `observed` states to read, `horizon` states to forecast, one trajectory an event.

    Angles and angular velocities are measured with Gaussian noise, in the inputs and in the targets alike, and encoded
    as (sin θ₁, cos θ₁, sin θ₂, cos θ₂, ω₁, ω₂). Losses see measurements only; metrics may compare with ``truth``.

    Units: natural (m = l = g = 1): times in √(l/g), angles in rad.

    Args:
        observed: Number of observed states.
        horizon: Number of states to forecast.
        dt: Time between two states.
        angle: Largest initial angle, in rad.
        velocity: Largest initial angular velocity.
        noise: Standard deviation of the measured angles (rad) and angular velocities.

    Shapes:
        ``x`` (events, observed, 6), ``y`` (events, horizon, 6), and ``truth``, the noise-free ``y``

    Raises:
        ValueError: There is nothing to observe or to forecast, or the noise is negative.
    """

    def __init__(
        self,
        observed: int = 20,
        horizon: int = 40,
        dt: float = 0.3,
        angle: float = 2.0,
        velocity: float = 0.5,
        noise: float = 0.0,
    ) -> None:
        if observed < 1 or horizon < 1 or noise < 0:
            raise ValueError(
                f"expected observed >= 1, horizon >= 1 and noise >= 0, got {observed}, {horizon} and {noise}: "
                "choose positive lengths of the windows"
            )
        self.observed = observed
        self.horizon = horizon
        self.dt = dt
        self.angle = angle
        self.velocity = velocity
        self.noise = noise

    def __call__(self, count: int, rng: np.random.Generator) -> Arrays:
        """Draw `count` events."""
        steps = self.observed + self.horizon - 1
        path = double_pendulum.simulate(rng, count, steps, self.dt, self.angle, self.velocity)
        theta, omega = path["theta"], path["omega"]
        truth = _encode(theta, omega)
        measured = _encode(*(value + self.noise * rng.standard_normal(value.shape) for value in (theta, omega)))
        return Arrays(
            {"x": measured[:, : self.observed], "y": measured[:, self.observed :], "truth": truth[:, self.observed :]}
        )


def _encode(theta: np.ndarray, omega: np.ndarray) -> Tensor:
    return double_pendulum.encode(torch.from_numpy(theta), torch.from_numpy(omega)).float()
