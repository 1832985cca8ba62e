"""Many steps in a row of a network that has learnt one step of a simulation."""

import torch
from torch import Tensor, nn

from physml.ops.named import call
from physml.tasks.supervised import Batch


@torch.no_grad()
def rollout(network: nn.Module, batch: Batch, steps: int) -> Tensor:
    r"""Apply a network that predicts the next frame to its own predictions.

    .. math:: \hat x_{t+1} = f(\hat x_{t-k+1}, \dots, \hat x_t), \qquad \hat x_s = x_s \text{ for the frames read}

    Units: those of x.

    Args:
        network: f in evaluation mode, called with the arrays of the batch that its parameters name, ``x`` among them.
        batch: Arrays by name; ``x`` holds the k frames read, oldest first.
        steps: Number of frames to predict.

    Returns:
        The predicted frames. They are NaN from the first one that is no longer finite.

    Shapes:
        x (points, k, features) → (points, steps, features)
    """
    window, frames = batch["x"], []
    for _ in range(steps):
        frame = call(network, {**batch, "x": window})
        if not torch.isfinite(frame).all():
            frames += [torch.full_like(frame, torch.nan)] * (steps - len(frames))
            break
        frames.append(frame)
        window = torch.cat([window[:, 1:], frame[:, None]], dim=1)
    return torch.stack(frames, dim=1)


def rollout_over_future(network: nn.Module, batch: Batch, future: Tensor) -> Tensor:
    """Return the `rollout` over as many frames as ``future`` has: an array for the metrics of a test.

    Shapes:
        future (points, steps, features) → (points, steps, features)
    """
    return rollout(network, batch, future.shape[1])
