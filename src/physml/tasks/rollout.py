"""Learning one step of a simulation, and testing many steps in a row."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torchmetrics import Metric

from physml.ops.named import call
from physml.tasks.supervised import Batch, SupervisedTask


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


class RolloutTask(SupervisedTask):
    """A supervised task of one step, whose test also rolls the network out over the frames in ``future``.

    Args:
        rollout_metrics: Figures of merit of the test by name, as `metrics`; besides the batch and ``network`` they may
            read ``rollout``, the predicted frames beside ``future``.
        others: Arguments of `SupervisedTask`.
    """

    def __init__(self, rollout_metrics: Mapping[str, Metric] | None = None, **others: Any) -> None:
        super().__init__(**others)
        self.rollout_metrics = nn.ModuleDict(rollout_metrics or {})

    def test_step(self, batch: Batch, index: int) -> None:
        """Add a batch to the test's terms and metrics, of one step and of many."""
        super().test_step(batch, index)
        predicted = rollout(self.network, batch, batch["future"].shape[1])
        for metric in self.rollout_metrics.values():
            metric.update({**batch, "rollout": predicted, "network": self.network})

    def on_test_epoch_end(self) -> None:
        """Log the metrics of the test data, and keep them with their uncertainties and units."""
        super().on_test_epoch_end()
        self.results |= self._conclude(self.rollout_metrics)
