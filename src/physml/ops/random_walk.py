"""Random walks, as noise on trajectories."""

import torch
from torch import Tensor


def position_noise(x: Tensor, scale: float) -> Tensor:
    r"""Noise on the positions of a trajectory whose velocities walk at random.

    .. math:: \epsilon_t = \sum_{s \le t} \eta_s, \quad \eta_s \sim N(0, \sigma^2 / T), \qquad
              n_0 = 0, \quad n_t = \sum_{s \le t} \epsilon_s

    The noise of the last of the T velocities has the standard deviation σ. It looks like the errors that a simulator
    gathers when it reads what it predicted itself.

    Units: `scale` in the unit of the positions, for velocities are per frame.

    Source: Sanchez-Gonzalez et al. 2020, arXiv 2002.09405, section 4.3.

    Args:
        x: Positions in T + 1 frames, for their shape.
        scale: σ.

    Shapes: (points, T + 1, space) → (points, T + 1, space)
    """
    steps = x.shape[1] - 1
    velocity = (scale / steps**0.5 * torch.randn_like(x[:, 1:])).cumsum(dim=1)
    return torch.cat([torch.zeros_like(x[:, :1]), velocity.cumsum(dim=1)], dim=1)
