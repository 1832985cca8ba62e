"""Windows of the trajectories of water in tanks: some frames to read, and those that follow."""

import numpy as np
import torch

from physml.data.arrays import Arrays
from physml.physics.fluid import simulate


class WaterSource:
    """Particles of water in a tank, a window of frames an event.

    Arrays of points: ``x`` (observed, 2) positions in the frames to read, oldest first; ``y`` (2,) the position in the
    next frame; with a horizon, ``future`` (horizon, 2) the positions in all frames that follow, ``y`` first.

    Windows of one trajectory do not start at the same frame, but overlap; a trajectory never serves two splits.

    Units: see `physml.physics.fluid`.

    Args:
        observed: Frames to read.
        horizon: Frames that follow in ``future``; 0 for none.
        windows: Windows taken of a trajectory.
        frames: Frames of a trajectory after its first.
        dt: Time between two frames.
        speed: Greatest component of the initial velocity.
        substeps: Time steps of the simulation between two frames.

    Raises:
        ValueError: A trajectory has not so many windows.

    Example:
        >>> arrays = WaterSource(windows=2, frames=8)(3, np.random.default_rng(0))
        >>> len(arrays), list(arrays.points["x"].shape[1:])
        (3, [6, 2])
    """

    def __init__(
        self,
        observed: int = 6,
        horizon: int = 0,
        windows: int = 64,
        frames: int = 200,
        dt: float = 0.01,
        speed: float = 0.5,
        substeps: int = 8,
    ) -> None:
        self.observed, self.horizon, self.windows = observed, horizon, windows
        self.frames, self.dt, self.speed, self.substeps = frames, dt, speed, substeps
        self.starts = frames + 2 - observed - max(1, horizon)
        if not 1 <= windows <= self.starts:
            raise ValueError(
                f"expected 1 to {max(0, self.starts)} windows of a trajectory of {frames} frames, got {windows}: "
                "lower windows or horizon, or raise frames"
            )

    def __call__(self, count: int, rng: np.random.Generator) -> Arrays:
        """Draw `count` events."""
        trajectories = -(-count // self.windows)
        drawn = simulate(rng, trajectories, self.frames, self.dt, self.substeps, speed=self.speed)
        x, bounds = torch.from_numpy(drawn["x"]), drawn["offsets"]
        windows = []
        for event in range(count):
            tank, number = divmod(event, self.windows)
            if number == 0:
                starts = np.sort(rng.choice(self.starts, self.windows, replace=False))
            begin = int(starts[number])
            windows.append(x[bounds[tank] : bounds[tank + 1], begin : begin + self.observed + max(1, self.horizon)])
        offsets = torch.tensor([0, *(len(window) for window in windows)]).cumsum(0)
        both = torch.cat(windows)
        points = {"x": both[:, : self.observed].contiguous(), "y": both[:, self.observed].contiguous()}
        if self.horizon:
            points["future"] = both[:, self.observed :].contiguous()
        return Arrays(points=points, offsets=offsets)

    def trajectories(self, count: int) -> np.ndarray:
        """Return the number of the trajectory that each of `count` events is of."""
        return np.arange(count) // self.windows
