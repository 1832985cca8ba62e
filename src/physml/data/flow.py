"""A flow in the plane on its grid."""

from collections.abc import Callable

import numpy as np
import torch

from physml.data.arrays import Arrays


class FlowSource:
    """The velocity and the pressure of a flow on its grid.

    Arrays: ``x`` (points, 3), time and place, and ``y`` (points, 3), u, v and p, in double precision; time by time.

    Args:
        solution: Returns ``x``, ``y`` and ``t``, and ``u``, ``v`` and ``p`` (points of x, points of y, times).
        every: Of the times, every how many-th is given.
    """

    def __init__(self, solution: Callable[[], dict[str, np.ndarray]], every: int = 1) -> None:
        self.solution, self.every = solution, every

    def __call__(self, count: int, rng: np.random.Generator) -> Arrays:
        """Return the first `count` points of the grid.

        Raises:
            ValueError: The grid has less.
        """
        found = self.solution()
        axes = [torch.from_numpy(found[name]) for name in "txy"]
        axes[0] = axes[0][:: self.every]
        points = torch.cartesian_prod(*axes)
        if count > len(points):
            raise ValueError(
                f"expected at most {len(points)} points, the grid of the flow, got {count}: lower data.test"
            )
        fields = np.stack([np.moveaxis(found[name][..., :: self.every], -1, 0).ravel() for name in "uvp"], axis=1)
        return Arrays({"x": points[:count], "y": torch.from_numpy(fields)[:count]})


def saved_solution(path: str) -> dict[str, np.ndarray]:
    """Return what `physml simulate` wrote to an ``.npz`` file: a solution that takes long is made once.

    Raises:
        FileNotFoundError: There is no such file.
    """
    with np.load(path, allow_pickle=False) as archive:
        return dict(archive)
