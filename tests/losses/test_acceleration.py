import pytest
import torch

from physml.losses.acceleration import AccelerationLoss


def test_uniform_motion_of_a_falling_body_costs_one():
    dt, gravity, v = 0.1, 9.81, torch.tensor([[0.3, 0.4]])
    target = v * dt - torch.tensor([[0.0, gravity * dt**2]])
    loss = AccelerationLoss(dt, gravity)
    assert float(loss((v * dt)[:, 1:], target[:, 1:])) == pytest.approx(1.0)
    assert float(loss(target, target)) == 0.0


def test_senseless_scales_are_refused():
    with pytest.raises(ValueError, match="expected dt > 0 and gravity > 0, got 0 and 1"):
        AccelerationLoss(dt=0)
