"""Figures of merit of learned simulators of particles, event by event."""

import torch
from torch import Tensor

from physml.ops.segments import segment_mean
from physml.physics.fluid import Water, momentum_imbalance


def next_position_error(prediction: Tensor, target: Tensor, offsets: Tensor) -> Tensor:
    r"""Return the mean squared error of the coordinates in the next frame.

    .. math:: \langle (\hat x_{ik} - x_{ik})^2 \rangle_{i, k}

    Units: L².

    Shapes:
        prediction, target (points, 2), offsets (events + 1,) → (events,)
    """
    return segment_mean((prediction - target).square().mean(-1), offsets)


def constant_velocity_error(x: Tensor, target: Tensor, offsets: Tensor) -> Tensor:
    """Return the same for particles that move on as they did: what any simulator has to beat.

    Units: L².

    Shapes:
        x (points, observed, 2), target (points, 2), offsets (events + 1,) → (events,)
    """
    return next_position_error(2 * x[:, -1] - x[:, -2], target, offsets)


def rollout_error(rollout: Tensor, future: Tensor, offsets: Tensor, steps: int) -> Tensor:
    r"""Return the mean squared error of the coordinates over the first frames of a rollout.

    .. math:: \langle (\hat x_{ikt} - x_{ikt})^2 \rangle_{i, k, t \le T}

    Units: L².

    Args:
        rollout: Predicted frames.
        future: True frames.
        offsets: Event e owns the points ``offsets[e]:offsets[e + 1]``.
        steps: T.

    Shapes:
        rollout, future (points, frames, 2), offsets (events + 1,) → (events,); NaN if there are fewer frames than T
    """
    if rollout.shape[1] < steps:
        return rollout.new_full((len(offsets) - 1,), torch.nan)
    return segment_mean((rollout - future)[:, :steps].square().mean((1, 2)), offsets)


def centre_of_mass_error(rollout: Tensor, future: Tensor, offsets: Tensor) -> Tensor:
    """Return the distance between the predicted and the true centre of mass in the last frame.

    Units: L.

    Shapes:
        rollout, future (points, frames, 2), offsets (events + 1,) → (events,)
    """
    return segment_mean((rollout - future)[:, -1], offsets).norm(dim=-1)


def momentum_error(
    rollout: Tensor, x: Tensor, offsets: Tensor, dt: float, margin: float = 0.125, water: Water | None = None
) -> Tensor:
    r"""Return the force on the water that neither gravity nor a wall explains, over a rollout, as a root mean square.

    .. math:: \sqrt{\langle f_{kt}^2 \rangle_{k, t}}

    The mean is over the components and frames in which the predicted water touches no wall that bounds the component:
    what a wall exerts is not known. Events without such a frame have no error.

    Units: the weight of the water.

    Source: `physml.physics.fluid.momentum_imbalance`.

    Args:
        rollout: Predicted frames.
        x: Frames read.
        offsets: Event e owns the points ``offsets[e]:offsets[e + 1]``.
        dt: Time between two frames.
        margin: Distance below which a wall may be touched within a frame.
        water: The tank (default: `Water()`).

    Shapes:
        rollout (points, frames, 2), x (points, observed, 2), offsets (events + 1,) → (events that have an error,); NaN
        where a rollout is
    """
    path = torch.cat([x[:, -2:], rollout], dim=1)
    squares, known = 0.0, 0
    for t in range(1, path.shape[1] - 1):
        force, holds = momentum_imbalance(
            path[:, t - 1], path[:, t], path[:, t + 1], offsets, dt, margin, water or Water()
        )
        squares, known = squares + (force.square() * holds).sum(-1), known + holds.sum(-1)
    error = (squares / known).sqrt()
    return error[(known > 0) | squares.isnan()]


def mass_inside(rollout: Tensor, offsets: Tensor, water: Water | None = None) -> Tensor:
    """Return the part of the water that is inside the tank in the last frame.

    Shapes:
        rollout (points, frames, 2), offsets (events + 1,) → (events,), 0 to 1
    """
    tank = water or Water()
    last = rollout[:, -1]
    inside = ((last >= 0) & (last <= last.new_tensor([tank.width, tank.height]))).all(-1)
    return segment_mean(inside.to(last.dtype), offsets)
