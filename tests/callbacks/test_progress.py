from types import SimpleNamespace

import torch
from lightning.pytorch.callbacks import RichProgressBar

from physml.callbacks.progress import ProgressBar


def drawn(monkeypatch, batches, refresh_rate):
    seen = []
    monkeypatch.setattr(
        RichProgressBar, "on_train_batch_end", lambda self, trainer, module, outputs, batch, index: seen.append(index)
    )
    bar = ProgressBar(refresh_rate)
    for index in range(batches):
        bar.on_train_batch_end(SimpleNamespace(is_last_batch=index + 1 == batches), None, None, None, index)
    return seen


def test_the_bar_is_drawn_at_every_nth_batch_and_at_the_last(monkeypatch):
    assert drawn(monkeypatch, 25, refresh_rate=10) == [9, 19, 24]
    assert drawn(monkeypatch, 3, refresh_rate=10) == [2]


def test_the_bar_shows_the_objective_and_what_chooses_the_checkpoint():
    logged = {name: torch.tensor(0.25) for name in ("train/J", "train/loss", "val/accuracy", "val/loss")}
    trainer = SimpleNamespace(callback_metrics=logged, checkpoint_callback=SimpleNamespace(monitor="val/accuracy"))
    assert ProgressBar().get_metrics(trainer, None) == {"train/J": 0.25, "val/accuracy": 0.25}
    trainer.checkpoint_callback = None
    assert ProgressBar().get_metrics(trainer, None) == {"train/J": 0.25}
    trainer.callback_metrics = {}  # before the first step
    assert ProgressBar().get_metrics(trainer, None) == {}


def test_without_a_terminal_each_epoch_is_a_line(monkeypatch, capsys):
    monkeypatch.setattr(RichProgressBar, "on_train_epoch_end", lambda *_: None)
    trainer = SimpleNamespace(
        callback_metrics={"train/J": torch.tensor(0.123456)}, checkpoint_callback=None, current_epoch=1, max_epochs=3
    )
    bar = ProgressBar()
    bar.on_train_epoch_end(trainer, None)
    assert capsys.readouterr().out == "epoch 2/3  train/J 0.1235\n"
    bar.disable()  # as in all processes but the first
    bar.on_train_epoch_end(trainer, None)
    assert capsys.readouterr().out == ""
