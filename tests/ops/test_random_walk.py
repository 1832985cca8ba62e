import pytest
import torch

from physml.ops.random_walk import position_noise


@pytest.fixture
def noise():
    return position_noise(torch.zeros(20_000, 6, 2, dtype=torch.float64), scale=0.3)


def test_the_last_velocity_has_the_standard_deviation_asked_for(noise):
    velocity = noise.diff(dim=1)
    # 5 standard errors of a standard deviation
    assert float(velocity[:, -1].std()) == pytest.approx(0.3, rel=5 / (2 * 40_000) ** 0.5)


def test_the_variance_of_the_velocity_grows_evenly(noise):
    variance = noise.diff(dim=1).square().mean((0, 2)) / 0.3**2
    torch.testing.assert_close(variance, torch.arange(1, 6) / 5.0, check_dtype=False, rtol=0.05, atol=0)
    assert noise.mean((0, 2)).abs().max() < 5 * float(noise[:, -1].std()) / 40_000**0.5


def test_the_first_position_is_kept_and_steps_are_independent(noise):
    assert (noise[:, 0] == 0).all()
    steps = noise.diff(n=2, dim=1).transpose(0, 1).flatten(1)
    correlation = torch.corrcoef(steps) - torch.eye(4)
    assert correlation.abs().max() < 5 / 40_000**0.5


def test_independent_noise_on_positions_would_be_no_walk():
    independent = 0.3 * torch.randn(20_000, 6, 2, dtype=torch.float64)
    correlation = torch.corrcoef(independent.diff(n=2, dim=1).transpose(0, 1).flatten(1)) - torch.eye(4)
    assert correlation.abs().max() > 0.5
