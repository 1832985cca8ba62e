"""A signal that asks a run to end where no training is under way that would first save its state."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import LambdaCallback

from physml.callbacks.last_checkpoint import SIGNALS, Stopped


@contextmanager
def stopped_at_once(trainer: Trainer) -> Iterator[None]:
    """Let a signal end what runs within, at once: the start of a training, its test, or the writing of its results.

    In a training `physml.callbacks.last_checkpoint.LastCheckpoint` answers instead. The processes that this one has
    started for DDP get the signal too.

    Raises:
        Stopped: A signal came.
    """

    def stop(number: int, frame: Any) -> None:
        if trainer.strategy.launcher is not None:
            trainer.strategy.launcher.kill(number)
        raise Stopped(number)

    def listen(*_: Any) -> dict[int, Any]:
        in_main = threading.current_thread() is threading.main_thread()
        return {number: signal.signal(number, stop) for number in SIGNALS} if in_main else {}

    # For a test Lightning puts a handler before ours in which the processes of DDP wait for each other, some forever.
    trainer.callbacks.append(LambdaCallback(on_test_start=listen))
    before = listen()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
