import math
from types import SimpleNamespace

import pytest
import torch
from lightning.pytorch import Callback, Trainer
from torch import nn

from physml.callbacks.time_marching import TimeMarching
from physml.constraints.equation_residual import EquationResidual
from physml.data.collocation import BoxSource
from physml.data.module import ArrayDataModule
from physml.networks.field import Field
from physml.networks.marching_field import MarchingField
from physml.physics.heat import Heat
from physml.runs.quiet import quiet
from physml.tasks.least_squares import LeastSquaresTask

BOX = [0.0, 0.0], [0.1, 1.0]


def rod(tx):
    """Starts as sin πx, and vanishes at both ends."""
    t, x = tx[:, :1], tx[:, 1:]
    return torch.sin(math.pi * x), t * x * (1 - x)


class Keep(Callback):
    """What each step has learnt: the weights before and after it, and the times of its points."""

    def __init__(self):
        self.weights, self.times = [], []

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        self.weights.append([weights.detach().clone() for weights in pl_module.parameters()])
        self.times.append((float(batch["x"][:, 0].min()), float(batch["x"][:, 0].max())))


def fit(network, epochs, *callbacks):
    quiet()
    data = ArrayDataModule(BoxSource(*BOX), [2], [1], train=300, validation=100, test=1, batch_size=150)
    law = EquationResidual(Heat(), "tx")
    task = LeastSquaresTask(network, nn.MSELoss(), {"heat": law}, points=100, repeats=5)
    silent = dict.fromkeys(["logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"], False)
    trainer = Trainer(max_epochs=epochs, accelerator="cpu", log_every_n_steps=1, callbacks=list(callbacks), **silent)
    trainer.fit(task, datamodule=data)
    return network


def test_the_windows_are_learnt_one_after_the_other_and_solve_the_equation(seed):
    kept = Keep()
    march = fit(MarchingField(["t", "x"], *BOX, rod, windows=2, hidden=[8]), 4, TimeMarching(), kept)
    assert len(kept.times) == 8  # of two batches in each of four epochs
    for step, (first, last) in enumerate(kept.times):
        assert 0.05 * (step // 4) <= first < last < 0.05 * (1 + step // 4)
    count = sum(1 for _ in march.fields[0].parameters())
    after_first = kept.weights[3]
    assert all(torch.equal(a, b) for a, b in zip(after_first[:count], kept.weights[-1][:count], strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(after_first[count:], kept.weights[-1][count:], strict=True))
    x = torch.rand(200, 2, dtype=torch.float64) * torch.tensor([0.1, 1.0])
    exact = torch.exp(-(math.pi**2) * x[:, :1]) * torch.sin(math.pi * x[:, 1:])
    assert (march(x) - exact).abs().max() < 5e-3  # 0.63 at the start


def test_a_field_without_windows(seed):
    with pytest.raises(ValueError, match="expected a field with windows of time to march through, got Field: use"):
        fit(Field(["t", "x"], *BOX, hidden=[4], conditions=rod), 1, TimeMarching())


def test_less_epochs_than_windows(seed):
    with pytest.warns(UserWarning, match="1 epochs for 2 windows of time: some are never learnt"):
        fit(MarchingField(["t", "x"], *BOX, rod, windows=2, hidden=[4]), 1, TimeMarching())


def test_without_it_the_windows_are_not_learnt(seed):
    with pytest.raises(ValueError, match=r"add callbacks=\[default,time_marching\]"):
        fit(MarchingField(["t", "x"], *BOX, rod, windows=2, hidden=[4]), 1)


def test_measured_values_cannot_move_with_their_points():
    network = MarchingField(["t", "x"], *BOX, rod, windows=2, hidden=[8])
    trainer, task = SimpleNamespace(max_epochs=4, current_epoch=0), SimpleNamespace(network=network)
    with pytest.raises(ValueError, match="expected points alone to move into a window of time, got y with them"):
        TimeMarching().on_train_batch_start(trainer, task, {"x": torch.zeros(3, 2), "y": torch.zeros(3, 1)}, 0)


def test_a_training_without_a_number_of_epochs_is_refused():
    task = SimpleNamespace(network=MarchingField(["t", "x"], *BOX, rod, windows=2, hidden=[8]))
    with pytest.raises(ValueError, match="expected a number of epochs to share among windows of time, got -1"):
        TimeMarching().on_fit_start(SimpleNamespace(max_epochs=-1), task)
