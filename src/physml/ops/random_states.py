"""Random states in the phase plane of one coordinate and its momentum, to start trajectories from."""

import numpy as np
import torch
from torch import Tensor


def ring(rng: np.random.Generator, count: int, inner: float, outer: float) -> Tensor:
    r"""Return states between two circles, the radius evenly distributed.

    .. math:: z = r\, u / |u|, \qquad r \sim U(r_{in}, r_{out}), \qquad u_i \sim U(-1, 1)

    Units: those of the radii, for coordinate and momentum alike.

    Source: the starts of trajectories in the code of Greydanus, Dzamba and Yosinski 2019, arXiv 1906.01563.

    Args:
        rng: Source of randomness.
        count: Number of states.
        inner: :math:`r_{in}`.
        outer: :math:`r_{out}`.

    Shapes: returns (count, 2)
    """
    direction = rng.uniform(-1, 1, (count, 2))
    radius = rng.uniform(inner, outer, (count, 1))
    return torch.from_numpy(radius * direction / np.linalg.norm(direction, axis=1, keepdims=True))


def off_axes(rng: np.random.Generator, count: int, inner: float, outer: float) -> Tensor:
    r"""Return states whose coordinate and momentum are both away from zero, of either sign.

    .. math:: |z_i| \sim U(z_{in}, z_{out})

    Units: those of the bounds, for coordinate and momentum alike.

    Source: the starts from which the code of Greydanus, Dzamba and Yosinski 2019, arXiv 1906.01563, measures energies.

    Args:
        rng: Source of randomness.
        count: Number of states.
        inner: :math:`z_{in}`.
        outer: :math:`z_{out}`.

    Shapes: returns (count, 2)
    """
    size = rng.uniform(inner, outer, (count, 2))
    return torch.from_numpy(size * rng.choice([-1.0, 1.0], (count, 2)))
