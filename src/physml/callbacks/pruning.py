"""Ending a training that promises less than the other trials of a search."""

from contextvars import ContextVar
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

TRIAL: ContextVar[Any | None] = ContextVar("TRIAL", default=None)  # the Optuna trial that this training is


class Pruning(Callback):
    """Report the monitored metric after each validation, and stop where the search's pruner says so.

    In a training that is no trial, and in a search for several objectives, which no pruner can judge, nothing happens.

    Args:
        monitor: Name of the metric in the log.
    """

    def __init__(self, monitor: str) -> None:
        self.monitor = monitor

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Report, and ask."""
        trial = TRIAL.get()
        stop = False
        if trial is not None and not trainer.sanity_checking and len(trial.study.directions) == 1:
            trial.report(float(trainer.callback_metrics[self.monitor]), trainer.current_epoch)
            stop = trial.should_prune()
            if stop:
                trial.set_user_attr("pruned", True)
        if trainer.strategy.broadcast(stop):
            trainer.should_stop = True
