"""Points at which an equation has to hold, and the solution on a grid to test with."""

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import torch

from physml.data.arrays import Arrays


class BoxSource:
    """Points that fill a box evenly: a scrambled Sobol sequence.

    Arrays: ``x`` (points, variables), in double precision.

    Source: Sobol 1967, doi 10.1016/0041-5553(67)90144-9; Owen 1998, doi 10.1006/jcom.1998.0487 (scrambling).

    Args:
        lower: The lower corner.
        upper: The upper corner.
        warp: Moves the points, to have more of them where they are needed; they stay in the box.
    """

    def __init__(
        self, lower: list[float], upper: list[float], warp: Callable[[torch.Tensor], torch.Tensor] | None = None
    ) -> None:
        self.lower, self.upper = (torch.tensor(corner, dtype=torch.float64) for corner in (lower, upper))
        self.warp = warp

    def __call__(self, count: int, rng: np.random.Generator) -> Arrays:
        """Draw `count` points."""
        engine = torch.quasirandom.SobolEngine(len(self.lower), scramble=True, seed=int(rng.integers(2**31)))
        unit = engine.draw(count, dtype=torch.float64)
        x = self.lower + (self.upper - self.lower) * unit
        return Arrays({"x": x if self.warp is None else self.warp(x)})


class SolutionSource:
    """The reference solution of an equation on its grid.

    Arrays: ``x`` (points, variables) and ``y`` (points, 1), in double precision, in the order of u's elements: place by
    place, each with all its times. Of a complex solution ``y`` is (points, 2), real and imaginary part.

    Args:
        solution: Returns the coordinates in the order of u's dimensions, such as ``x`` (places,) and ``t`` (times,),
            and ``u`` (places, times).
        variables: A letter for each column of x.
    """

    def __init__(self, solution: Callable[[], dict[str, np.ndarray]], variables: Sequence[str] = ("t", "x")) -> None:
        self.solution, self.variables = solution, list(variables)

    def __call__(self, count: int, rng: np.random.Generator) -> Arrays:
        """Return the first `count` points of the grid.

        Raises:
            ValueError: The grid has less, or other coordinates.
        """
        found = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in self.solution().items()}
        if not set(self.variables) < set(found):
            raise ValueError(
                f"expected a solution with the coordinates {', '.join(self.variables)}, got {', '.join(found)}: "
                "rename variables"
            )
        axes = [name for name in found if name in self.variables]
        grid = torch.stack(torch.meshgrid(*(found[name] for name in axes), indexing="ij"), dim=-1).flatten(0, -2)
        points = grid[:, [axes.index(name) for name in self.variables]]
        if count > len(points):
            raise ValueError(
                f"expected at most {len(points)} points, the grid of the solution, got {count}: lower data.test"
            )
        u = found["u"].flatten()[:count]
        return Arrays({"x": points[:count], "y": torch.view_as_real(u) if u.is_complex() else u[:, None]})


class MeasuredSource:
    """A solution, measured with noise at some points of its grid.

    Arrays: as `SolutionSource`, in random order.

    Args:
        solution: As `SolutionSource`.
        noise: Standard deviation of the noise over that of the solution.
    """

    def __init__(self, solution: Callable[[], dict[str, np.ndarray]], noise: float = 0.0) -> None:
        self.solution, self.noise = cache(solution), noise  # solved once for all splits

    def __call__(self, count: int, rng: np.random.Generator) -> Arrays:
        """Draw `count` different points.

        Raises:
            ValueError: The grid has less.
        """
        found = self.solution()
        whole = SolutionSource(lambda: found)(max(count, found["u"].size), rng).events
        chosen = torch.from_numpy(rng.permutation(found["u"].size)[:count])
        x, y = whole["x"][chosen], whole["y"][chosen]
        return Arrays({"x": x, "y": y + self.noise * whole["y"].std() * torch.from_numpy(rng.normal(size=y.shape))})
