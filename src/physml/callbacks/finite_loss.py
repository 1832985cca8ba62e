"""Stopping a training whose objective is no longer a finite number."""

from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer


class FiniteLoss(Callback):
    """End the training with one clear error when J is found to be NaN or infinite.

    Args:
        every: Look at every n-th step; on an accelerator each look waits for the device.

    Raises:
        FloatingPointError: J is not finite.
    """

    def __init__(self, every: int = 10) -> None:
        self.every = every

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Look at the J of this step."""
        if batch_idx % self.every == 0 or trainer.is_last_batch:
            total = outputs["loss"]
            if not torch.isfinite(total):
                raise FloatingPointError(
                    f"J is {float(total)} at step {trainer.global_step}, expected a finite number: lower "
                    "task.optimizer.lr or a constraint's weight, or set ++trainer.gradient_clip_val=1"
                )
