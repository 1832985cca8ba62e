import numpy as np
import pytest
import torch

from physml.constraints.momentum_balance import MomentumBalance
from physml.data.fluid import WaterSource
from physml.networks.gns import GNS
from physml.ops.random_walk import position_noise

LAW = MomentumBalance(dt=0.01)


@pytest.fixture(scope="module")
def batch():
    return WaterSource(windows=20)(200, np.random.default_rng(3))[slice(None)]


def test_true_motion_costs_nothing(batch):
    assert LAW(batch["y"], batch["x"], batch["offsets"]) < 1e-4  # positions are in single precision


def test_uniform_motion_costs_the_missing_gravity(batch):
    uniform = 2 * batch["x"][:, -1] - batch["x"][:, -2]
    penalty = float(LAW(uniform, batch["x"], batch["offsets"]))
    assert 0.2 < penalty <= 1.0 + 1e-3  # 1 for vertical components, 0 for horizontal ones


def test_without_a_margin_the_walls_are_forgotten(batch):
    assert MomentumBalance(dt=0.01, margin=0.0)(batch["y"], batch["x"], batch["offsets"]) > 1.0


def test_internal_motion_is_free_and_a_push_costs_its_square():
    x = 0.5 + 0.1 * torch.rand(8, 6, 2, dtype=torch.float64)
    offsets, fall = torch.tensor([0, 8]), torch.tensor([0.0, -1e-4])
    free = 2 * x[:, -1] - x[:, -2] + fall
    internal = torch.randn(8, 2, dtype=torch.float64)
    assert LAW(free + internal - internal.mean(0), x, offsets) < 1e-9
    assert float(LAW(free + torch.tensor([2e-4, 0.0]), x, offsets)) == pytest.approx(2.0)  # 2² in one of 2 components


def test_a_touched_wall_switches_only_its_own_component_off():
    x = torch.tensor([[0.5, 0.05], [0.5, 0.6]], dtype=torch.float64)[:, None].expand(2, 6, 2)
    offsets, rest = torch.tensor([0, 2]), x[:, -1]
    assert LAW(rest + torch.tensor([0.0, 0.3]), x, offsets) == 0
    assert float(LAW(rest + torch.tensor([1e-4, 0.3]), x, offsets)) == pytest.approx(1.0)
    corner = x - torch.tensor([0.45, 0.0])
    assert LAW(corner[:, -1] + 1.0, corner, offsets) == 0


def test_noise_is_no_force(monkeypatch):
    """A network that knows gravity obeys the law in training, too, where it reads noise of the size of gravity."""
    x, offsets, fall = 0.5 + 0.1 * torch.rand(8, 6, 2, dtype=torch.float64), torch.tensor([0, 8]), [0.0, -1e-4]
    network = GNS(radius=0.1, blocks=1, features=8, noise=3e-4).double().train()
    monkeypatch.setattr(network, "_acceleration", lambda x, offsets: torch.tensor(fall, dtype=torch.float64))
    noise = position_noise(x, scale=3e-4)
    prediction = network(x, offsets, noise)
    assert LAW(prediction, x, offsets, noise) < 1e-9
    pushed = noise.diff(dim=1)[:, -1].mean(0) / 1e-4  # what it seems to have pushed, if the noise is not told
    assert float(LAW(prediction, x, offsets)) == pytest.approx(float(pushed.square().mean()))
