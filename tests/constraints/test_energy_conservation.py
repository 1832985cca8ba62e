import math

import pytest
import torch

from physml.constraints.energy_conservation import EnergyConservation
from physml.physics.double_pendulum import DoublePendulum, Energy, encode


def motion(steps=20):
    generator = torch.Generator().manual_seed(0)
    theta, omega = (2 * torch.rand(2, 6, 2, dtype=torch.float64, generator=generator) - 1).unbind()
    return encode(*DoublePendulum().trajectory(theta, omega, 0.2, steps))


def test_true_motion_has_no_penalty():
    states = motion()
    assert EnergyConservation(Energy())(states[:, 8:], states[:, :8]) < 1e-10


def test_a_damped_motion_has_a_penalty():
    states = motion()
    damped = states[:, 8:].clone()
    damped[..., 4:] *= 0.9
    assert EnergyConservation(Energy())(damped, states[:, :8]) > 1e-3


def test_value_agrees_with_the_definition():
    x = torch.tensor([[[1.0], [3.0]], [[0.0], [2.0]]], dtype=torch.float64)
    prediction = torch.tensor([[[2.0], [4.0], [1.0]], [[1.0], [1.0], [2.0]]], dtype=torch.float64)
    penalty = EnergyConservation(lambda state: state.squeeze(-1), scale=2.0)(prediction, x)
    assert penalty.item() == pytest.approx((0 + 4 + 1 + 0 + 0 + 1) / 6 / 2**2)


def test_noise_of_the_observations_averages_out_of_the_reference():
    states = motion(steps=100)
    noise = 0.05 * torch.randn(6, 80, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    x, law = states[:, :80] + noise, EnergyConservation(Energy())
    assert law(states[:, 80:], x) < 0.2 * law(states[:, 80:], x[:, -1:])


def test_gradient_leads_back_to_the_energy():
    states = motion()
    prediction = (0.95 * states[:, 8:]).requires_grad_()
    law = EnergyConservation(Energy())
    before = law(prediction, states[:, :8])
    (gradient,) = torch.autograd.grad(before, prediction)
    assert torch.isfinite(gradient).all()
    assert law(prediction - 0.1 * gradient, states[:, :8]) < before


def test_weight_is_left_to_the_task():
    states = motion()
    light, heavy = (EnergyConservation(Energy(), weight=w)(0.9 * states[:, 8:], states[:, :8]) for w in (0.1, 10.0))
    assert light == heavy


@pytest.mark.parametrize("scale", [0.0, -1.0])
def test_a_scale_that_is_not_positive_is_refused(scale):
    with pytest.raises(ValueError, match="expected an energy scale > 0"):
        EnergyConservation(Energy(), scale=scale)


@pytest.mark.parametrize(
    ("prediction", "x", "message"),
    [
        ((4, 10), (4, 3, 6), r"expected prediction and x of shape \(events, time, features\)"),
        ((4, 10, 5), (4, 3, 6), r"got \(4, 10, 5\) and \(4, 3, 6\)"),
        ((4, 10, 4), (4, 3, 4), "expected states of 6 features"),
    ],
)
def test_what_it_cannot_use_is_refused_in_one_line(prediction, x, message):
    with pytest.raises(ValueError, match=message) as error:
        EnergyConservation(Energy())(torch.zeros(prediction), torch.zeros(x))
    assert "\n" not in str(error.value)


def test_an_energy_of_the_wrong_shape_is_refused():
    with pytest.raises(ValueError, match="energy must map states"):
        EnergyConservation(lambda state: state)(torch.zeros(4, 10, 6), torch.zeros(4, 3, 6))


def test_the_pendulum_upside_down_has_the_energy_of_theory():
    upright = encode(torch.full((1, 2), math.pi, dtype=torch.float64), torch.zeros(1, 2, dtype=torch.float64))
    assert Energy()(upright).item() == pytest.approx(6.0)
