"""Lightning saves the loader's position in a checkpoint, and a resumed training sees the batches that were left."""

import torch
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint

from physml.cli.compose import compose_config
from physml.runs.build import build
from physml.runs.quiet import quiet


class Recorder(Callback):
    def __init__(self):
        self.seen = []

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        self.seen.append(batch["x"])


EVERY_STEP = {"filename": "{step}", "every_n_train_steps": 1}


def fit(toy, tmp_path, checkpoint=None, **saving):
    quiet()
    config = compose_config("train", [*toy, "scheduler=one_cycle"])
    torch.manual_seed(0)
    recorder = Recorder()
    trainer = Trainer(
        **{key: value for key, value in config["trainer"].items() if key != "_target_"},
        callbacks=[recorder, ModelCheckpoint(tmp_path, save_top_k=-1, **saving or EVERY_STEP)],
        logger=False,
        enable_progress_bar=False,
        default_root_dir=tmp_path,
    )
    task = build(config["task"])
    trainer.fit(task, datamodule=build(config["data"]), ckpt_path=checkpoint, weights_only=True if checkpoint else None)
    return recorder.seen, task.state_dict()


def test_resuming_at_any_step_leads_to_the_same_weights(toy, tmp_path):
    batches, weights = fit(toy, tmp_path)
    assert len(batches) == 8
    for step in (1, 3, 4, 5, 7):
        rest, resumed = fit(toy, tmp_path, checkpoint=tmp_path / f"step={step}.ckpt")
        assert len(rest) == 8 - step
        assert all(torch.equal(one, other) for one, other in zip(rest, batches[step:], strict=True))
        assert all(torch.equal(value, resumed[name]) for name, value in weights.items())


def test_resuming_after_an_epoch_leads_to_the_same_weights(toy, tmp_path):
    batches, weights = fit(toy, tmp_path, filename="{epoch}", every_n_epochs=1)
    rest, resumed = fit(toy, tmp_path, checkpoint=tmp_path / "epoch=0.ckpt", filename="{epoch}", every_n_epochs=1)
    assert len(rest) == 4
    assert all(torch.equal(one, other) for one, other in zip(rest, batches[4:], strict=True))
    assert all(torch.equal(value, resumed[name]) for name, value in weights.items())


def test_the_position_is_plain_data_in_the_checkpoint(toy, tmp_path):
    fit(toy, tmp_path)
    positions = []
    for step in range(1, 9):
        state = torch.load(tmp_path / f"step={step}.ckpt", weights_only=True)
        positions += state["loops"]["fit_loop"]["state_dict"]["combined_loader"]
    assert [(position["epoch"], position["done"]) for position in positions] == [
        (0, 1),
        (0, 2),
        (0, 3),
        (1, 0),
        (1, 1),
        (1, 2),
        (1, 3),
        (2, 0),
    ]


def test_without_the_position_other_batches_would_come(toy, tmp_path, monkeypatch):
    from physml.data.loader import BatchLoader

    batches, _ = fit(toy, tmp_path)
    monkeypatch.setattr(BatchLoader, "load_state_dict", lambda self, state: None)
    rest, _ = fit(toy, tmp_path, checkpoint=tmp_path / "step=5.ckpt")
    assert not all(torch.equal(one, other) for one, other in zip(rest, batches[5:], strict=False))
