"""Values of a solution at scattered points of time and space, as they are measured."""

import math
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import torch

from physml.data.arrays import Arrays


class ScatteredSource:
    """Some points of a reference solution's grid, drawn without replacement, with Gaussian noise on the values.

    Arrays: ``x`` (points, 1 + places), time and place, and ``y`` (points, fields), in double precision. A complex field
    is two, its real and its imaginary part.

    Source: Raissi 2018, arXiv 1801.06637, and Raissi, Perdikaris and Karniadakis 2019, doi 10.1016/j.jcp.2018.10.045
    (so are their data drawn).

    Args:
        solution: Returns ``t`` (times,), the places such as ``x`` (places,), and the fields such as ``u`` (places, …,
            times).
        until: No later times are drawn.
        noise: Standard deviation of the noise, in that of the values of each field up to `until`.
        places: Names of the places.
        fields: Names of the fields that are measured.
    """

    def __init__(
        self,
        solution: Callable[[], dict[str, np.ndarray]],
        until: float = math.inf,
        noise: float = 0.0,
        places: Sequence[str] = ("x",),
        fields: Sequence[str] = ("u",),
    ) -> None:
        self.solution, self.until, self.noise = cache(solution), until, noise  # solved once for all splits
        self.places, self.fields = list(places), list(fields)

    def __call__(self, count: int, rng: np.random.Generator) -> Arrays:
        """Draw `count` points.

        Raises:
            ValueError: The grid has less, or none as early.
        """
        found = self.solution()
        early = found["t"] <= self.until
        if not early.any():
            raise ValueError(
                f"expected a time from {found['t'][0]:g} on as the last one, got until={self.until:g}: raise it"
            )
        last = found["t"][early][-1]
        grid = np.stack([_real(found[name][..., early]) for name in self.fields], axis=-2)
        fields = grid.reshape(*grid.shape[:-2], -1)
        *shape, columns = fields.shape
        if count > np.prod(shape):
            raise ValueError(
                f"expected at most {np.prod(shape)} points, those of the grid up to t = {last:g}, got {count}"
            )
        *place, time = np.unravel_index(rng.permutation(np.prod(shape))[:count], shape)
        spread = fields.std(axis=tuple(range(len(shape))))
        values = fields[(*place, time)] + self.noise * spread * rng.standard_normal((count, columns))
        axes = [found[name][index] for name, index in zip(self.places, place, strict=True)]
        points = np.stack([found["t"][early][time], *axes], axis=1)
        return Arrays({"x": torch.from_numpy(points), "y": torch.from_numpy(values)})


def _real(field: np.ndarray) -> np.ndarray:
    """A field's real columns: itself, or real and imaginary part. Shapes: (…) → (…, columns)."""
    return np.stack([field.real, field.imag], axis=-1) if np.iscomplexobj(field) else field[..., None]
