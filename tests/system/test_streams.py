"""The study of showers learns from files of each kind as it does from memory."""

import json

import numpy as np
import pytest
import torch
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint

import physml
from physml.cli.compose import compose_config
from physml.data.event_files import EventFiles
from physml.data.loader import BatchLoader
from physml.data.showers import ShowerFeatures
from physml.runs.build import build
from physml.runs.evaluate import evaluate
from physml.runs.predict import predict
from physml.runs.quiet import quiet

for package in ("h5py", "pyarrow", "uproot", "awkward"):
    pytest.importorskip(package)


@pytest.fixture
def showers(command, tmp_path):
    def write(kind, count=60):
        done = command("simulate", "system=calorimeter", f"output=showers{kind}", f"+system.count={count}", "seed=1")
        assert done.code == 0, done.err
        return tmp_path / f"showers{kind}"

    return write


@pytest.mark.parametrize("kind", [".h5", ".parquet", ".root"])
def test_it_trains_reloads_evaluates_and_predicts(trained, showers, tmp_path, kind):
    words = ["data=shower_files", f"data.path={showers(kind)}", "data.batch_size=4", "+data.block_size=10"]
    run = trained("experiment=shower_gravnet", *words, "trainer=smoke", "logger=csv")
    results = json.loads((run / "results.json").read_text())
    assert results["steps"] == 2
    assert {path.stem for path in (run / "figures").glob("*.png")} == {"event", "response", "learning_curves"}
    again = evaluate(compose_config("eval", [f"run={run}", "trainer=smoke"]))
    for metric, entry in results["metrics"].items():
        np.testing.assert_equal(again[metric], entry, err_msg=metric)

    task = physml.load(run)
    batch = next(iter(build(task.hparams["data"]).test_dataloader()))
    np.savez(tmp_path / "events.npz", x=batch["x"], offsets=batch["offsets"])
    with torch.inference_mode():
        expected = task.predict_step(batch, 0)["prediction"]
    found = predict(task, tmp_path / "events.npz")["prediction"]
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-4, atol=1e-5)
    whole = predict(task, tmp_path / f"showers{kind}", batch_size=7)["prediction"]
    files = EventFiles(str(tmp_path / f"showers{kind}"), [5], task.hparams["data"]["arrays"], ShowerFeatures())
    everything = [files.read(block) for block in files.blocks(60)]
    assert len(whole) == sum(len(arrays.points["x"]) for arrays in everything)
    with torch.inference_mode():
        first = task.predict_step(next(iter(BatchLoader(everything[0], 60))), 0)["prediction"]
    np.testing.assert_allclose(whole[: len(first)], first.numpy(), rtol=1e-4, atol=1e-5)


def test_all_kinds_hold_the_events_of_the_simulation_in_memory(showers):
    config = compose_config("train", ["experiment=shower_gravnet"])
    memory = build(config["data"]["source"])(60, np.random.default_rng(1))
    for kind in (".h5", ".parquet", ".root"):
        words = ["experiment=shower_gravnet", "data=shower_files", f"data.path={showers(kind)}"]
        module = build(compose_config("train", words)["data"])
        files = EventFiles(module.paths["train"], module.in_shape, module.arrays, module.transform)
        (block,) = files.blocks(60)
        found = files.read(block)
        assert torch.equal(found.offsets, memory.offsets)
        for name, array in (memory.events | memory.points).items():
            torch.testing.assert_close((found.events | found.points)[name], array, rtol=1e-5, atol=1e-6)


def test_a_missing_column_is_one_line(command, showers):
    words = ["data=shower_files", f"data.path={showers('.h5')}", "data.arrays.t=fraction"]
    done = command("train", "experiment=shower_gravnet", *words, "trainer=smoke", "logger=csv")
    assert done.code == 2
    assert "showers.h5: column 'fraction' (data.arrays.t) is missing, expected" in done.complaint


class Recorder(Callback):
    def __init__(self):
        self.seen = []

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        self.seen.append(batch["x"])


def test_resuming_in_mid_epoch_leads_to_the_same_weights(showers, tmp_path):
    words = ["data=shower_files", f"data.path={showers('.h5')}", "data.batch_size=8", "+data.block_size=10"]
    config = compose_config("train", ["experiment=shower_gravnet", *words, "+data.buffer=2", "trainer=cpu"])

    def fit(checkpoint=None):
        quiet()
        torch.manual_seed(0)
        recorder = Recorder()
        saving = ModelCheckpoint(tmp_path, save_top_k=-1, filename="{step}", every_n_train_steps=1)
        trainer = Trainer(
            accelerator="cpu",
            max_epochs=2,
            callbacks=[recorder, saving],
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            log_every_n_steps=1,
        )
        task = build(config["task"])
        trainer.fit(task, datamodule=build(config["data"]), ckpt_path=checkpoint, weights_only=bool(checkpoint) or None)
        return recorder.seen, task.state_dict()

    batches, weights = fit()
    assert len(batches) == 12
    for step in (2, 6, 9):
        rest, resumed = fit(tmp_path / f"step={step}.ckpt")
        assert len(rest) == 12 - step
        assert all(torch.equal(one, other) for one, other in zip(rest, batches[step:], strict=True))
        assert all(torch.equal(value, resumed[name]) for name, value in weights.items())
