import os
import signal

import pytest
import torch
from lightning.pytorch import Callback, Trainer

from physml.callbacks.last_checkpoint import LastCheckpoint, Stopped
from physml.cli.compose import compose_config
from physml.runs.build import build
from physml.runs.quiet import quiet
from physml.tasks.supervised import SupervisedTask


class Saves(LastCheckpoint):
    """Notes the step of each save."""

    def __init__(self, directory, minutes):
        super().__init__(directory, minutes)
        self.steps = []

    def _save(self, trainer, asked):
        self.steps.append(trainer.global_step)
        super()._save(trainer, asked)


class Signal(Callback):
    """Sends a signal to this process at a step, or in the validation after it."""

    def __init__(self, step, number=signal.SIGTERM, validation=False):
        self.step, self.number, self.validation = step, number, validation

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        if not self.validation and trainer.global_step == self.step - 1:
            os.kill(os.getpid(), self.number)

    def on_validation_batch_start(self, trainer, pl_module, batch, batch_idx, dataloader_idx=0):
        if self.validation and trainer.global_step == self.step:
            os.kill(os.getpid(), self.number)


def fit(toy, tmp_path, minutes, *callbacks, **settings):
    """Eight steps in two epochs, unless said otherwise."""
    quiet()
    config = compose_config("train", [*toy])
    last = Saves(str(tmp_path), minutes)
    given = {key: value for key, value in config["trainer"].items() if key != "_target_"} | settings
    trainer = Trainer(
        **given, callbacks=[last, *callbacks], logger=False, enable_progress_bar=False, default_root_dir=tmp_path
    )
    try:
        trainer.fit(build(config["task"]), datamodule=build(config["data"]))
    except Stopped as end:
        return last, end
    return last, None


def saved(last):
    return torch.load(last.path, weights_only=True)["global_step"]


def test_it_saves_after_each_epoch(toy, tmp_path):
    last, end = fit(toy, tmp_path, minutes=60)
    assert (last.steps, saved(last), end) == ([4, 8], 8, None)


def test_within_an_epoch_it_saves_where_nothing_is_under_way(toy, tmp_path):
    assert fit(toy, tmp_path, minutes=0)[0].steps == [1, 2, 3, 4, 5, 6, 7, 8]
    # Steps 3 and 6 are about to be logged.
    assert fit(toy, tmp_path, minutes=0, log_every_n_steps=3)[0].steps == [1, 2, 4, 5, 7, 8]
    # Two batches make a step; a step within each epoch.
    assert fit(toy, tmp_path, minutes=0, accumulate_grad_batches=2)[0].steps == [1, 2, 3, 4]
    # A validation follows after each second batch.
    assert fit(toy, tmp_path, minutes=0, val_check_interval=2)[0].steps == [1, 3, 4, 5, 7, 8]


def test_a_task_may_have_no_state_within_an_epoch(toy, tmp_path, monkeypatch):
    monkeypatch.setattr(SupervisedTask, "saves_within_epoch", False)
    assert fit(toy, tmp_path, minutes=0)[0].steps == [4, 8]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_ends_the_training_when_its_state_is_saved(toy, tmp_path, number):
    last, end = fit(toy, tmp_path, 60, Signal(6, number))
    assert (last.steps, saved(last)) == ([4, 6], 6)
    assert (end.code, end.signal) == (128 + number, number)


def test_a_signal_before_or_in_a_validation_lets_the_epoch_end(toy, tmp_path):
    for validation in (False, True):
        last, end = fit(toy, tmp_path, 60, Signal(4, validation=validation))
        assert (last.steps, saved(last), end.code) == ([4], 4, 143)


class SignalAtTheEnd(Callback):
    def on_train_end(self, trainer, pl_module):
        signal.raise_signal(signal.SIGTERM)


def test_a_signal_after_the_last_save_is_not_forgotten(toy, tmp_path):
    last, end = fit(toy, tmp_path, 60, SignalAtTheEnd())
    assert (last.steps, saved(last), end.code) == ([4, 8], 8, 143)


def test_the_handlers_of_others_come_back(toy, tmp_path):
    before = signal.getsignal(signal.SIGTERM)
    fit(toy, tmp_path, 60)
    fit(toy, tmp_path, 60, Signal(2))
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_time_of_the_training_goes_on(tmp_path):
    last = LastCheckpoint(str(tmp_path))
    last.load_state_dict({"seconds": 100.0})
    assert 100 <= last.seconds < 110


class Spoil(Callback):
    def on_before_optimizer_step(self, trainer, pl_module, optimizer):
        if trainer.global_step == 5:
            next(pl_module.parameters()).data[0] = torch.nan


def test_weights_that_are_not_finite_are_not_saved(toy, tmp_path):
    last, _ = fit(toy, tmp_path, 0, Spoil())
    assert saved(last) == 5
    _, end = fit(toy, tmp_path, 60, Spoil(), Signal(7))
    assert not end.saved
