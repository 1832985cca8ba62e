"""The progress bar."""

import sys
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import RichProgressBar
from lightning.pytorch.callbacks.progress.rich_progress import RichProgressBarTheme


class ProgressBar(RichProgressBar):
    """Lightning's rich progress bar with two metrics, which it reads only when it is drawn anew.

    Lightning's own reads all metrics at each step, which costs a tenth of a small network's step and makes each step
    wait for an accelerator.

    Args:
        refresh_rate: Draw at every n-th batch.
    """

    def __init__(self, refresh_rate: int = 20) -> None:
        super().__init__(refresh_rate=refresh_rate, theme=RichProgressBarTheme(metrics_format=".4g"))

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Draw the bar if it is time to."""
        if (batch_idx + 1) % self.refresh_rate == 0 or trainer.is_last_batch:
            super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print a line where there is no terminal to draw in, so that a log shows how far a job is."""
        super().on_train_epoch_end(trainer, pl_module)
        if self.is_enabled and not sys.stdout.isatty():
            shown = [f"{name} {value:.4g}" for name, value in self.get_metrics(trainer, pl_module).items()]
            print(f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}", *shown, sep="  ", flush=True)

    def get_metrics(self, trainer: Trainer, pl_module: LightningModule) -> dict[str, Any]:
        """Return J and the metric that chooses the best checkpoint; the log and the table at the end have them all."""
        names = ("train/J", getattr(trainer.checkpoint_callback, "monitor", None))
        return {name: float(trainer.callback_metrics[name]) for name in names if name in trainer.callback_metrics}
