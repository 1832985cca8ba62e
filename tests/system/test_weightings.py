"""Every weighting strategy of the config group: its state is in the checkpoint, and only training steps change it."""

from functools import partial

import numpy as np
import pytest
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import nn

from physml.cli.compose import compose_config
from physml.constraints.equation_residual import EquationResidual
from physml.data.arrays import Arrays
from physml.data.loader import BatchLoader
from physml.networks.field import Field
from physml.physics.burgers import Burgers
from physml.runs.build import build
from physml.runs.configs import config_directory
from physml.runs.quiet import quiet
from physml.tasks.least_squares import LeastSquaresTask
from physml.tasks.supervised import SupervisedTask

STRATEGIES = sorted(path.stem for path in (config_directory() / "weighting").glob("*.yaml"))
STATELESS = ["fixed", "scheduled"]


class Norm(nn.Module):
    """Ω = ⟨ŷ²⟩."""

    weight = 0.5

    def forward(self, prediction):
        return self.residual(prediction).square().mean()

    def residual(self, prediction):
        return prediction


class Total(nn.Module):
    """Ω = ⟨(Σ ŷ − 1)²⟩."""

    weight = 2.0

    def forward(self, prediction):
        return self.residual(prediction).square().mean()

    def residual(self, prediction):
        return prediction.sum(-1) - 1


def make(strategy):
    config = compose_config("train", ["experiment=none", "network=mlp", f"weighting={strategy}"])
    torch.manual_seed(1)
    network = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 2))
    network.forward = lambda x: nn.Sequential.forward(network, x)  # whose parameter has the name of an array
    return SupervisedTask(
        network,
        nn.MSELoss(),
        partial(torch.optim.AdamW, lr=0.01),
        constraints={"norm": Norm(), "total": Total()},
        weighting=build(config["task"]["weighting"]),
    )


def events():
    generator = torch.Generator().manual_seed(3)
    return Arrays({name: torch.randn(24, size, generator=generator) for name, size in (("x", 3), ("y", 2))})


def fit(task, tmp_path, epochs=4, checkpoint=None):
    quiet()
    trainer = Trainer(
        accelerator="cpu",
        max_epochs=4,
        limit_train_batches=3,
        callbacks=[ModelCheckpoint(tmp_path, filename="{step}", save_top_k=-1, every_n_train_steps=1)],
        logger=False,
        num_sanity_val_steps=0,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=tmp_path,
    )
    loaders = BatchLoader(events(), 8), BatchLoader(events(), 8)
    trainer.fit(task, *loaders, ckpt_path=checkpoint, weights_only=True if checkpoint else None)
    return task


def gammas(task, batch):
    return {name: float(torch.as_tensor(gamma).detach()) for name, gamma in task.objective(batch).gammas.items()}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_resumed_training_equals_an_uninterrupted_one(strategy, tmp_path):
    whole = fit(make(strategy), tmp_path).state_dict()
    middle = torch.load(tmp_path / "step=5.ckpt", weights_only=True)["state_dict"]
    torch.manual_seed(99)
    resumed = fit(make(strategy), tmp_path, checkpoint=tmp_path / "step=5.ckpt").state_dict()
    assert all(torch.equal(value, resumed[name]) for name, value in whole.items())
    state = [name for name in whole if name.startswith("weighting.")]
    assert bool(state) == (strategy not in STATELESS)
    assert not state or any(not torch.equal(whole[name], middle[name]) for name in state)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_only_training_steps_change_the_state(strategy):
    task, batch = make(strategy), events()[slice(0, 8)]
    for _ in range(20):
        task.objective(batch).total.backward()
    state = {name: value.clone() for name, value in task.state_dict().items()}
    before = gammas(task.eval(), batch)
    with torch.inference_mode():
        task.objective(events()[slice(8, 24)])
    assert gammas(task, batch) == before
    assert all(torch.equal(value, task.state_dict()[name]) for name, value in state.items())
    loaded = make(strategy)
    loaded.load_state_dict(state)
    assert gammas(loaded.eval(), batch) == before


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_it_trains_on_the_command_line_and_logs_each_weight(strategy, trained, tmp_path):
    x = np.random.default_rng(0).normal(size=(80, 3)).astype(np.float32)
    np.savez(tmp_path / "toy.npz", x=x, y=x[:, :2])
    words = ["experiment=none", "name=toy", "data=file", f"data.path={tmp_path / 'toy.npz'}", "data.in_shape=[3]"]
    words += ["data.out_shape=[2]", "+data.batch_size=16", "network=mlp", "loss=mse"]
    law = "+constraint@task.constraints.positive=bounds"
    run = trained(*words, law, f"weighting={strategy}", "trainer=smoke", "logger=csv")
    header = (run / "metrics.csv").read_text().splitlines()[0].split(",")
    for stage in ("train", "val", "test"):
        assert f"{stage}/gamma/positive" in header


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_least_squares_takes_only_weights_without_a_history(strategy):
    config = compose_config("train", ["experiment=none", "network=mlp", f"weighting={strategy}"])
    field, law = Field(["t", "x"], [0.0, -1.0], [1.0, 1.0], hidden=[4]), EquationResidual(Burgers(0.1), "tx")

    def solve():
        return LeastSquaresTask(field, nn.MSELoss(), {"law": law}, weighting=build(config["task"]["weighting"]))

    if strategy in STATELESS:
        assert isinstance(solve(), LeastSquaresTask)
    else:
        with pytest.raises(ValueError, match=r"set weighting=fixed or weighting=scheduled"):
            solve()


def test_two_processes_weigh_as_one(process, command, tmp_path):
    # GradNorm reads the terms and their gradients: of the whole batch, not of the part that a process has.
    x = np.random.default_rng(0).normal(size=(80, 3)).astype(np.float32)
    np.savez(tmp_path / "toy.npz", x=x, y=x[:, :2] ** 2)
    words = ["experiment=none", "name=toy", "data=file", f"data.path={tmp_path / 'toy.npz'}", "data.in_shape=[3]"]
    words += ["data.out_shape=[2]", "network=mlp", "loss=mse", "optimizer=sgd", "logger=csv", "trainer.max_epochs=2"]
    words += ["+constraint@task.constraints.positive=bounds", "weighting=gradnorm"]
    both = process("train", *words, "trainer=ddp_cpu", "+data.batch_size=4", folder=tmp_path)
    alone = command("train", *words, "trainer=cpu", "+data.batch_size=8")
    states = []
    for done in (both, alone):
        assert done.code == 0, done.err
        states.append(torch.load(done.run_dir / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"])
    assert not torch.allclose(states[0]["weighting.factors"], torch.ones(2), rtol=0.05)
    for name, value in states[0].items():
        torch.testing.assert_close(value, states[1][name], rtol=1e-3, atol=1e-5)
