"""Charged bodies now, to predict where they are a while later."""

import numpy as np
import torch

from physml.data.arrays import Arrays
from physml.physics import nbody


class NBodySource:
    """Events of a few charges: state at one time, positions at a later one.

    Arrays: ``x`` (events, bodies, 7) holds position, velocity and charge; ``y`` (events, bodies, 3) later positions.

    Units:
        Dimensionless, see `physml.physics.nbody`.

    Source:
        Satorras et al. 2021, arXiv 2102.09844, section 5.1: states of frames 30 and 40 of their code, where frame k is
        at time 0.1 (k + 1).

    Args:
        bodies: Number of charges in an event.
        begin: Time of the given state since the charges were thrown.
        duration: Time from there to the predicted positions.
    """

    def __init__(self, bodies: int = 5, begin: float = 3.1, duration: float = 1.0) -> None:
        self.bodies, self.begin, self.duration = bodies, begin, duration

    def __call__(self, count: int, rng: np.random.Generator) -> Arrays:
        """Draw `count` events."""
        end = self.begin + self.duration
        step = 0.1
        first, last = round(self.begin / step), round(end / step)
        states = nbody.simulate(rng, count, self.bodies, duration=end, sampling=step)
        x = np.concatenate([states["x"][:, first], states["v"][:, first], states["q"][:, :, None]], axis=-1)
        return Arrays(
            {"x": torch.tensor(x, dtype=torch.float32), "y": torch.tensor(states["x"][:, last], dtype=torch.float32)}
        )
