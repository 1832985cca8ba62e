from functools import partial

import pytest
import torch
from lightning.pytorch import Trainer
from torch import nn

from physml.data.arrays import Arrays
from physml.data.loader import BatchLoader
from physml.metrics.sample_mean import SampleMean
from physml.runs.quiet import quiet
from physml.tasks.rollout import rollout, rollout_over_future
from physml.tasks.supervised import SupervisedTask


class Drift(nn.Module):
    """The next position of particles that keep their velocity but for a constant push."""

    def __init__(self):
        super().__init__()
        self.push = nn.Parameter(torch.tensor(1.0, dtype=torch.float64))

    def forward(self, x, charge):
        return 2 * x[:, -1] - x[:, -2] + self.push * charge[:, None]


def particles(count=6, horizon=5):
    charge = torch.randn(count, dtype=torch.float64)
    times = torch.arange(-2, horizon + 1, dtype=torch.float64)
    path = 0.5 * charge[:, None, None] * times[:, None] ** 2 + times[:, None]  # moves with x'' = charge
    return {"x": path[:, :3], "y": path[:, 3], "future": path[:, 3:], "charge": charge}


def test_a_rollout_reads_its_own_predictions():
    batch = particles()
    torch.testing.assert_close(rollout(Drift(), batch, 5), batch["future"])
    by_hand, window = [], batch["x"]
    for _ in range(5):
        by_hand.append(2 * window[:, -1] - window[:, -2] + batch["charge"][:, None])
        window = torch.stack([window[:, -2], window[:, -1], by_hand[-1]], dim=1)
    torch.testing.assert_close(rollout(Drift(), batch, 5), torch.stack(by_hand, dim=1))


def test_one_step_after_the_other_from_the_truth_is_no_rollout():
    batch, network = particles(), Drift()
    network.push.data *= 1.1
    path = torch.cat([batch["x"], batch["future"]], dim=1)
    forced = torch.stack([network(path[:, t : t + 3], batch["charge"]) for t in range(5)], dim=1)
    with pytest.raises(AssertionError):
        torch.testing.assert_close(rollout(network, batch, 5), forced)


def test_after_infinity_there_is_nothing():
    class Burst(nn.Module):
        def forward(self, x):
            return 1e160 * x[:, -1] ** 2

    frames = rollout(Burst(), {"x": torch.full((2, 1, 1), 2.0, dtype=torch.float64)}, 4)
    assert torch.isfinite(frames[:, 0]).all()
    assert torch.isnan(frames[:, 1:]).all()


def error(prediction, y):
    return (prediction - y).square().mean(1)


def rollout_error(rollout, future):
    return (rollout - future).square().mean((1, 2))


def test_the_test_rolls_out_and_validation_does_not(tmp_path):
    quiet()
    network = Drift()
    network.push.data *= 1.1
    task = SupervisedTask(
        network=network,
        loss=nn.MSELoss(),
        optimizer=partial(torch.optim.Adam, lr=0.1),
        metrics={"error": SampleMean(error)},
        test_arrays={"rollout": rollout_over_future},
        test_metrics={"rollout_error": SampleMean(rollout_error, unit="m²")},
    )
    events = particles()
    one_step = Arrays({name: array for name, array in events.items() if name != "future"})
    loop = Trainer(
        accelerator="cpu",
        max_steps=0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=tmp_path,
    )
    loop.validate(task, BatchLoader(one_step, 4), verbose=False)
    for _ in range(2):  # the second test does not count the first one's events again
        loop.test(task, BatchLoader(Arrays(events), 4), verbose=False)
    assert set(task.results) == {"error", "rollout_error"}
    expected = rollout_error(rollout(network, events, 5), events["future"])
    found = task.results["rollout_error"]
    assert found["value"] == pytest.approx(float(expected.mean()))
    assert found["uncertainty"] == pytest.approx(float(expected.std() / 6**0.5))
    assert found["unit"] == "m²"
    # Errors gather: a constant wrong push δ moves a particle by δ t (t + 1) / 2 in t frames.
    gathered = torch.tensor([(t * (t + 1) / 2) ** 2 for t in range(1, 6)]).mean()
    assert found["value"] == pytest.approx(float(gathered) * task.results["error"]["value"], rel=1e-6)
