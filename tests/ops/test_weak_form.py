import math

import pytest
import torch

from physml.ops.weak_form import test_function as bump_function  # a name that pytest would take for a test
from physml.ops.weak_form import weak_equations

DT = 0.01
T = DT * torch.arange(500, dtype=torch.float64)


def test_the_derivative_of_the_bump_is_its_derivative():
    bump, slope = bump_function(201, DT, 4)
    torch.testing.assert_close((bump[2:] - bump[:-2]) / (2 * DT), slope[1:-1], rtol=0, atol=1e-3 * float(slope.max()))
    assert bump[0] == bump[-1] == slope[0] == slope[-1] == 0


def test_the_bump_integrates_to_the_beta_function():
    bump, _ = bump_function(201, DT, 4)
    assert bump.sum().item() == pytest.approx(2.0 * 2**8 * math.factorial(4) ** 2 / math.factorial(9), rel=1e-9)


def residual(power, width=101):
    x = torch.stack([torch.sin(3 * T), torch.cos(3 * T)], dim=-1)[None]
    a, b = weak_equations(x, x, DT, width, 20, power)
    rotation = torch.tensor([[0.0, -3.0], [3.0, 0.0]], dtype=torch.float64)
    return (a @ rotation - b).abs().max() / b.abs().max()


def test_a_known_law_solves_the_equations_the_better_the_smoother_the_bump():
    errors = [residual(power) for power in (2, 4, 6)]
    assert errors[0] < 1e-3
    assert errors[1] < 1e-2 * errors[0]
    assert errors[2] < 1e-2 * errors[1]


def test_each_equation_is_of_its_own_place(seed):
    x, library = torch.randn(2, 60, 2, dtype=torch.float64), torch.randn(2, 60, 3, dtype=torch.float64)
    a, b = weak_equations(x, library, DT, width=21, stride=13, power=2)
    bump, slope = bump_function(21, DT, 2)
    begins = range(0, 40, 13)
    assert len(a) == 2 * len(begins)
    for row, (trajectory, begin) in enumerate((i, begin) for i in range(2) for begin in begins):
        torch.testing.assert_close(a[row], bump @ library[trajectory, begin : begin + 21])
        torch.testing.assert_close(b[row], -slope @ x[trajectory, begin : begin + 21])


def test_noise_is_averaged(seed):
    noise = torch.randn(1, 5000, 1, dtype=torch.float64)
    short, long = (weak_equations(noise, noise, DT, width, 10, 4)[1].std() for width in (51, 201))
    assert 0.4 < long / short < 0.6  # as the square root of 51 / 201


@pytest.mark.parametrize(("samples", "power"), [(2, 4), (21, 0)])
def test_too_small_a_bump_is_refused(samples, power):
    with pytest.raises(ValueError, match=r"expected at least 3 samples and a power from 1 on, got"):
        bump_function(samples, DT, power)


def test_too_short_a_trajectory_is_refused():
    with pytest.raises(ValueError, match=r"expected trajectories of at least 30 samples, got 20"):
        weak_equations(torch.zeros(1, 20, 1), torch.zeros(1, 20, 1), DT, 30, 5, 4)


def test_a_bump_with_a_kink_at_its_ends_converges_as_the_trapezoidal_rule_does():
    errors = []
    for samples in (11, 101):
        dt = 1 / (samples - 1)
        x = torch.linspace(0, 1, samples, dtype=torch.float64)[None, :, None]  # the rate is 1
        a, b = weak_equations(x, torch.ones_like(x), dt, samples, 1, power=1)
        errors.append(abs(float(b / a) - 1))
    assert errors[0] < 0.05
    assert errors[1] == pytest.approx(errors[0] / 100, rel=0.1)
