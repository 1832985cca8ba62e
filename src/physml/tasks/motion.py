"""Trajectories of a network that has learnt equations of motion."""

import torch
from torch import Tensor, nn

from physml.ops.integrators import integrate


@torch.no_grad()
def motion_over_future(network: nn.Module, x: Tensor, future: Tensor, dt: float, substeps: int = 4) -> Tensor:
    r"""Integrate what a network says of the derivatives, over as many times as ``future`` has.

    .. math:: \dot{\hat x} = f(\hat x; w), \qquad \hat x(0) = x

    Units: those of x.

    Args:
        network: f, which maps states to their derivatives.
        x: First states.
        future: True states, the first ones among them; only their number is used.
        dt: Time between two of them.
        substeps: Runge–Kutta steps between two of them.

    Shapes:
        x (events, features), future (events, times, features) → (events, times, features)
    """
    return integrate(network, x, dt, future.shape[1] - 1, substeps=substeps)


@torch.no_grad()
def forecasts_over_future(network: nn.Module, x: Tensor, future: Tensor) -> Tensor:
    r"""Continue the last state of each forecast by another one, over as many times as ``future`` has.

    Units: those of x.

    Args:
        network: Maps states to those that follow, shape (events, horizon, features).
        x: First states.
        future: True states, the first ones among them; only their number is used.

    Shapes:
        x (events, features), future (events, times, features) → (events, times, features)
    """
    states = x[:, None]
    while states.shape[1] < future.shape[1]:
        states = torch.cat([states, network(states[:, -1])], dim=1)
    return states[:, : future.shape[1]]
