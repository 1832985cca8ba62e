"""Values of a solution at scattered points of time and space, as they are measured."""

from collections.abc import Callable

import numpy as np
import torch

from physml.data.arrays import Arrays


class ScatteredSource:
    """Some points of a reference solution's grid, drawn without replacement, with Gaussian noise on the values.

    Arrays: ``x`` (points, 2), time and place, and ``y`` (points, 1), in double precision.

    Source: Raissi 2018, arXiv 1801.06637 (so are its data drawn).

    Args:
        solution: Returns ``x`` (places,), ``t`` (times,) and a real ``u`` (places, times).
        until: No later times are drawn.
        noise: Standard deviation of the noise, in that of the values up to `until`.
    """

    def __init__(self, solution: Callable[[], dict[str, np.ndarray]], until: float, noise: float = 0.0) -> None:
        self.solution, self.until, self.noise = solution, until, noise

    def __call__(self, count: int, rng: np.random.Generator) -> Arrays:
        """Draw `count` points.

        Raises:
            ValueError: The grid has less.
        """
        found = self.solution()
        early = found["t"] <= self.until
        t, u = found["t"][early], found["u"][:, early]
        if count > u.size:
            raise ValueError(
                f"expected at most {u.size} points, those of the grid up to t = {self.until:g}, got {count}"
            )
        place, time = np.divmod(rng.permutation(u.size)[:count], len(t))
        values = u[place, time] + self.noise * u.std() * rng.standard_normal(count)
        points = np.stack([t[time], found["x"][place]], axis=1)
        return Arrays({"x": torch.from_numpy(points), "y": torch.from_numpy(values)[:, None]})
