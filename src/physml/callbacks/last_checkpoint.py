"""The checkpoint from which a training goes on."""

import signal
import threading
import time
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint

SIGNALS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)


class Stopped(SystemExit):
    """The training was asked to end by a signal.

    Args:
        number: The signal.
        saved: Whether its state was saved, which it is unless its weights are not finite numbers.
    """

    def __init__(self, number: int, saved: bool = True) -> None:
        super().__init__(128 + number)
        self.signal, self.saved = signal.Signals(number), saved


class LastCheckpoint(Checkpoint):
    """Save the state of a training to ``last.ckpt``: after each epoch, from time to time within an epoch, and before it
    ends because a signal asked it to: SIGTERM, or SIGUSR1 or SIGUSR2, by which SLURM tells that a job's time is up.

    No state is saved whose weights are not finite numbers. Within an epoch one is saved only where nothing is under
    way: not between the batches whose gradients are added up, not at a step whose values are still to be logged, not
    before a validation, and not for a task that says ``saves_within_epoch = False``. A training that is asked to end
    goes on to the next such step. Several processes agree on what they do once in ``log_every_n_steps`` steps.

    Args:
        directory: The folder of the checkpoints.
        minutes: Time after which a state is saved within an epoch.

    Raises:
        Stopped: A signal came.
    """

    def __init__(self, directory: str, minutes: float = 5.0) -> None:
        self.path = Path(directory) / "last.ckpt"
        self.minutes = minutes
        self._before = 0.0  # seconds of training in earlier processes
        self._started = self._saved = time.monotonic()
        self._asked = 0  # the signal that came
        self._handlers: dict[int, Any] = {}

    @property
    def seconds(self) -> float:
        """Return how long the training has lasted, over all processes that took part in it one after the other."""
        return self._before + time.monotonic() - self._started

    def state_dict(self) -> dict[str, Any]:
        """Return how long the training has lasted."""
        return {"seconds": self.seconds}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on counting from the time that the checkpoint was saved."""
        self._before = state_dict["seconds"]

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock, and answer to signals instead of Lightning, which would stop with nothing saved."""
        self._started = self._saved = time.monotonic()
        if threading.current_thread() is threading.main_thread():
            self._handlers = {number: signal.signal(number, self._note) for number in SIGNALS}

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Save the state if it is time to, and if a resumed training could go on from here."""
        if not self._at_rest(trainer, batch_idx):
            return
        asked, due = self._agreed(trainer)
        if asked or due:
            self._save(trainer, asked)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save the state."""
        asked, _ = self._agreed(trainer)
        self._save(trainer, asked)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave the signals to others, but for one that came since the state was saved."""
        self._hand_back()
        if asked := self._agreed(trainer)[0]:
            raise Stopped(asked)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Leave the signals to others."""
        self._hand_back()

    def _note(self, number: int, frame: Any) -> None:
        self._asked = number

    def _hand_back(self) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}

    def _at_rest(self, trainer: Trainer, batch_idx: int) -> bool:
        """Whether no gradients are being added up, and neither a row of the log nor a validation is about to come."""
        batches, every = batch_idx + 1, trainer.log_every_n_steps
        step = trainer.fit_loop.epoch_loop._batches_that_stepped  # as Lightning counts for the log, and from 0
        unlogged = every < 2 or (step % every == 0 if trainer.world_size > 1 else (step + 1) % every > 0)
        under_way = (
            trainer.is_last_batch
            or batches % trainer.accumulate_grad_batches
            or (trainer.val_check_batch and batches % trainer.val_check_batch == 0)
        )
        return trainer.lightning_module.saves_within_epoch and unlogged and not under_way

    def _agreed(self, trainer: Trainer) -> tuple[int, bool]:
        """The signal that came to any process, 0 if none did, and whether it is time to save."""
        due = time.monotonic() - self._saved >= 60 * self.minutes
        if trainer.world_size == 1:
            return self._asked, due
        heard = torch.tensor([self._asked, due], device=trainer.strategy.root_device)
        asked, due = trainer.strategy.reduce(heard, reduce_op="max").tolist()
        return asked, bool(due)

    def _save(self, trainer: Trainer, asked: int) -> None:
        finite = all(bool(torch.isfinite(weights).all()) for weights in trainer.lightning_module.parameters())
        if saved := trainer.strategy.reduce_boolean_decision(finite):
            trainer.save_checkpoint(self.path)
        self._saved = time.monotonic()
        if asked:
            raise Stopped(asked, saved)
