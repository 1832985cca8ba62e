"""Stopping a training whose numbers are no longer finite."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor


class FiniteNumbers(Callback):
    """End the training with one clear error when J, a gradient or an array of the data is found to be NaN or infinite.

    The batch is saved for inspection. What was computed from it is not: the state of the last checkpoint is a good one,
    as `physml.callbacks.last_checkpoint.LastCheckpoint` saves no weights that are not finite.

    Args:
        directory: The folder that gets ``not_finite.npz``, the arrays of the batch.
        every: Look at every n-th batch, and at the gradients of the optimizer's next step; on an accelerator each look
            waits for the device.

    Raises:
        FloatingPointError: One is not finite.
    """

    def __init__(self, directory: str, every: int = 10) -> None:
        self.path, self.every = Path(directory) / "not_finite.npz", every
        self._batch: Mapping[str, Tensor] = {}
        self._looks, self._looks_at_gradients = False, False

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Mapping[str, Tensor], batch_idx: int
    ) -> None:
        """Look at the data of this batch."""
        self._batch, self._looks = batch, batch_idx % self.every == 0
        self._looks_at_gradients |= self._looks
        for name, array in batch.items():
            if self._looks and not _finite(array):
                self._end(trainer, batch, f"the data hold a number that is not finite, in {name}", "remove that event")

    def on_before_optimizer_step(
        self, trainer: Trainer, pl_module: LightningModule, optimizer: torch.optim.Optimizer
    ) -> None:
        """Look at the gradients of this step; those that half precision has scaled may be infinite."""
        if not self._looks_at_gradients or trainer.precision == "16-mixed":
            return
        self._looks_at_gradients = False
        gradients = {name: each.grad for name, each in pl_module.named_parameters() if each.grad is not None}
        for name, gradient in gradients.items():
            if not _finite(gradient):
                self._end(trainer, self._batch, f"the gradient by {name} is not finite", _ADVICE)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Mapping[str, Tensor], batch_idx: int
    ) -> None:
        """Look at the J of this batch."""
        if self._looks or trainer.is_last_batch:
            total = outputs["loss"]
            if not _finite(total):
                self._end(trainer, batch, f"J is {float(total)}", _ADVICE)
        self._batch = {}

    def _end(self, trainer: Trainer, batch: Mapping[str, Tensor], finding: str, advice: str) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        own = self.path.with_name(f".{trainer.global_rank}_{self.path.name}")  # processes may find it at once
        np.savez(own, **{name: array.detach().cpu().numpy() for name, array in batch.items()})
        own.replace(self.path)
        raise FloatingPointError(
            f"{finding} at step {trainer.global_step}, expected finite numbers: {advice}; the batch is in {self.path}"
        )


_ADVICE = "lower task.optimizer.lr or a constraint's weight, or set ++trainer.gradient_clip_val=1"


def _finite(array: Tensor) -> bool:
    return not (array.is_floating_point() or array.is_complex()) or bool(torch.isfinite(array).all())
