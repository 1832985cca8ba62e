import pytest
import torch

from physml.constraints.learnt_law import LearntLawResidual
from physml.networks.field import Field
from physml.networks.hidden_physics import HiddenPhysics


def test_it_is_the_relative_difference_of_the_rates(seed):
    physics = HiddenPhysics(Field(["t", "x"], [0.0, -1.0], [2.0, 1.0], hidden=[8]), order=1, hidden=[4])
    physics.law.rate_scale.fill_(0.5)
    x = torch.rand(20, 2, dtype=torch.float64)
    z, rate = physics.along(x)
    law = LearntLawResidual()
    expected = ((rate - physics.law(z)) / 0.5).square().mean()
    assert law(physics, x).item() == pytest.approx(expected.item())
    physics.law.forward = lambda z: rate
    assert law(physics, x) == 0
