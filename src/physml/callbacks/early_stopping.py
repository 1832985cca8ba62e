"""Ending a training whose monitored metric no longer improves."""

from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import early_stopping
from lightning.pytorch.callbacks.early_stopping import EarlyStoppingReason


class EarlyStopping(early_stopping.EarlyStopping):
    """Lightning's, which also ends a training again that it has ended before, where that is resumed.

    It goes on only if it is now to wait longer: with a larger `patience`. Arguments are those of Lightning's.
    """

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up the state, but for the patience, which is the config's."""
        super().load_state_dict({**state_dict, "patience": self.patience})

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """End the training if it has been ended before."""
        patient = self.stopping_reason == EarlyStoppingReason.PATIENCE_EXHAUSTED and self.wait_count < self.patience
        if self.stopping_reason != EarlyStoppingReason.NOT_STOPPED and not patient:
            trainer.should_stop = True
