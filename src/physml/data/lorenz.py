"""A noisy trajectory of the Lorenz system, cut into pieces."""

import numpy as np
import torch

from physml.data.arrays import Arrays
from physml.physics.lorenz import Lorenz, simulate

SYMBOLS = {"x": "x", "y": "v"}  # of a batch's arrays in the simulation


class LorenzSource:
    """Pieces of one trajectory, each an event, in double precision.

    Arrays: ``x`` (pieces, samples, 3) the states, ``y`` (pieces, samples, 3) their derivatives, both as measured.

    Units: see `physml.physics.lorenz`.

    Source: Brunton, Proctor and Kutz 2016, doi 10.1073/pnas.1517384113: 100 000 samples, 0.001 apart.

    Args:
        law: σ, ρ and β (default: those of Lorenz).
        samples: Samples of a piece.
        dt: Time between two of them.
        state_noise: Standard deviation of the noise on the states.
        derivative_noise: Standard deviation of the noise on the derivatives.
    """

    def __init__(
        self,
        law: Lorenz | None = None,
        samples: int = 2000,
        dt: float = 1e-3,
        state_noise: float = 0.0,
        derivative_noise: float = 0.0,
    ) -> None:
        self.law, self.samples, self.dt = law, samples, dt
        self.state_noise, self.derivative_noise = state_noise, derivative_noise

    def __call__(self, count: int, rng: np.random.Generator) -> Arrays:
        """Draw `count` pieces, one after the other."""
        steps = count * self.samples - 1
        drawn = simulate(rng, steps, self.dt, self.state_noise, self.derivative_noise, self.law)
        pieces = (count, self.samples, 3)
        return Arrays(
            {name: torch.from_numpy(drawn[f"{symbol}_noisy"]).reshape(pieces) for name, symbol in SYMBOLS.items()}
        )

    def trajectories(self, count: int) -> np.ndarray:
        """Return the number of the trajectory that each of `count` events is of: there is one."""
        return np.zeros(count, dtype=np.int64)
