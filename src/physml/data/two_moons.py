"""Points of the two moons with their true density, to learn that density from the points."""

import numpy as np
import torch

from physml.data.arrays import Arrays
from physml.physics import two_moons


class TwoMoonsSource:
    """Points ``x`` (events, 2) and, for judging only, ``log_density`` (events,), the logarithm of the true density.

    Units:
        x dimensionless, log_density in nats.

    Args:
        noise: Standard deviation of the noise about the half circles of radius 1.
    """

    def __init__(self, noise: float = 0.1) -> None:
        self.noise = noise

    def __call__(self, count: int, rng: np.random.Generator) -> Arrays:
        """Draw `count` points."""
        drawn = two_moons.simulate(rng, count, self.noise)
        return Arrays({name: torch.tensor(drawn[name], dtype=torch.float32) for name in ("x", "log_density")})
