import math

import numpy as np
import pytest
import torch

from physml.constraints.conserved_quantity import ConservedQuantity
from physml.physics import gravity
from physml.physics.double_pendulum import DoublePendulum, Energy, encode


def motion(steps=20):
    generator = torch.Generator().manual_seed(0)
    theta, omega = (2 * torch.rand(2, 6, 2, dtype=torch.float64, generator=generator) - 1).unbind()
    return encode(*DoublePendulum().trajectory(theta, omega, 0.2, steps))


def test_true_motion_has_no_penalty():
    states = motion()
    assert ConservedQuantity(Energy())(states[:, 8:], states[:, :8]) < 1e-10


def test_a_damped_motion_has_a_penalty():
    states = motion()
    damped = states[:, 8:].clone()
    damped[..., 4:] *= 0.9
    assert ConservedQuantity(Energy())(damped, states[:, :8]) > 1e-3


def test_value_agrees_with_the_definition():
    x = torch.tensor([[[1.0], [3.0]], [[0.0], [2.0]]], dtype=torch.float64)
    prediction = torch.tensor([[[2.0], [4.0], [1.0]], [[1.0], [1.0], [2.0]]], dtype=torch.float64)
    penalty = ConservedQuantity(lambda state: state.squeeze(-1), scale=2.0)(prediction, x)
    assert penalty.item() == pytest.approx((0 + 4 + 1 + 0 + 0 + 1) / 6 / 2**2)


def test_noise_of_the_observations_averages_out_of_the_reference():
    states = motion(steps=100)
    noise = 0.05 * torch.randn(6, 80, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    x, law = states[:, :80] + noise, ConservedQuantity(Energy())
    assert law(states[:, 80:], x) < 0.2 * law(states[:, 80:], x[:, -1:])


def test_gradient_leads_back_to_the_energy():
    states = motion()
    prediction = (0.95 * states[:, 8:]).requires_grad_()
    law = ConservedQuantity(Energy())
    before = law(prediction, states[:, :8])
    (gradient,) = torch.autograd.grad(before, prediction)
    assert torch.isfinite(gradient).all()
    assert law(prediction - 0.1 * gradient, states[:, :8]) < before


def test_weight_is_left_to_the_task():
    states = motion()
    light, heavy = (ConservedQuantity(Energy(), weight=w)(0.9 * states[:, 8:], states[:, :8]) for w in (0.1, 10.0))
    assert light == heavy


@pytest.mark.parametrize("scale", [0.0, -1.0])
def test_a_scale_that_is_not_positive_is_refused(scale):
    with pytest.raises(ValueError, match="expected a scale > 0"):
        ConservedQuantity(Energy(), scale=scale)


@pytest.mark.parametrize(
    ("prediction", "x", "message"),
    [
        ((4, 10), (4, 3, 6), r"expected a prediction \(events, time, features\)"),
        ((4, 10, 5), (4, 3, 6), r"got \(4, 10, 5\) and \(4, 3, 6\)"),
        ((4, 10, 4), (4, 3, 4), "expected states of 6 features"),
    ],
)
def test_what_it_cannot_use_is_refused_in_one_line(prediction, x, message):
    with pytest.raises(ValueError, match=message) as error:
        ConservedQuantity(Energy())(torch.zeros(prediction), torch.zeros(x))
    assert "\n" not in str(error.value)


def test_a_quantity_of_the_wrong_shape_is_refused():
    with pytest.raises(ValueError, match="quantity must map states"):
        ConservedQuantity(lambda state: state)(torch.zeros(4, 10, 6), torch.zeros(4, 3, 6))


def test_the_pendulum_upside_down_has_the_energy_of_theory():
    upright = encode(torch.full((1, 2), math.pi, dtype=torch.float64), torch.zeros(1, 2, dtype=torch.float64))
    assert Energy()(upright).item() == pytest.approx(6.0)


def orbits():
    drawn = gravity.two_bodies(np.random.default_rng(0), count=5, steps=12)
    return torch.from_numpy(drawn["x"])


@pytest.mark.parametrize("quantity", [gravity.momentum, gravity.angular_momentum])
def test_orbits_keep_their_momentum_and_angular_momentum_from_one_given_state(quantity):
    states, law = orbits(), ConservedQuantity(quantity)
    assert law(states[:, 1:], states[:, 0]) < 1e-20
    assert law(states[:, 4:], states[:, :4]) < 1e-20
    slow = states.clone()
    slow[:, 1:, 4:6] *= 0.9  # one body loses a tenth of its momentum
    assert law(slow[:, 1:], states[:, 0]) > 1e-4


def test_a_vector_counts_with_all_its_components():
    states = orbits()
    pushed = states.clone()
    pushed[..., 4:6] += torch.tensor([0.3, 0.4], dtype=torch.float64)
    law = ConservedQuantity(gravity.momentum, scale=0.5)
    assert float(law(pushed, states[:, 0])) == pytest.approx((0.3**2 + 0.4**2) / 2 / 0.25)
