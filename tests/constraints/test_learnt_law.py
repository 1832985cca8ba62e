import pytest
import torch

from physml.constraints.learnt_law import LearntLawResidual
from physml.networks.field import Field
from physml.networks.hidden_physics import HiddenPhysics


def test_it_is_the_difference_of_the_rates_each_relative_to_its_own_spread(seed):
    field = Field(["t", "x"], [0.0, -1.0], [2.0, 1.0], outputs=["u", "v"], hidden=[8])
    physics = HiddenPhysics(field, ["u", "v_x"], rates=["u_t", "v_t"], hidden=[4])
    physics.law.rate_scale.copy_(torch.tensor([0.5, 2.0]))
    x = torch.rand(20, 2, dtype=torch.float64)
    z, rate = physics.along(x)
    law = LearntLawResidual()
    wrong = (rate - physics.law(z)).square().mean(0)
    assert law(physics, x).item() == pytest.approx((wrong[0] / 0.5**2 + wrong[1] / 2**2).item())
    physics.law.forward = lambda z: rate
    assert law(physics, x) == 0
