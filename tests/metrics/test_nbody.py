import pytest
import torch

from physml.metrics.nbody import centre_of_mass_error, linear_error, position_error


@pytest.fixture
def target():
    return torch.randn(4, 5, 3, generator=torch.Generator().manual_seed(0))


def test_position_error_is_the_mean_square_of_each_event(target):
    scale = torch.tensor([0.0, 1.0, 2.0, 3.0])[:, None, None]
    torch.testing.assert_close(position_error(target + scale, target), torch.tensor([0.0, 1.0, 4.0, 9.0]))
    prediction = torch.zeros_like(target)
    loss = torch.nn.functional.mse_loss(prediction, target)
    torch.testing.assert_close(position_error(prediction, target).mean(), loss)


def test_linear_error_is_of_uniform_motion(target):
    velocity = torch.ones_like(target)
    x = torch.cat([target - 2 * velocity, velocity, torch.ones(4, 5, 1)], dim=-1)
    torch.testing.assert_close(linear_error(x, target, duration=2.0), torch.zeros(4), atol=1e-10, rtol=0)
    torch.testing.assert_close(linear_error(x, target), torch.ones(4))


def test_centre_of_mass_error_ignores_internal_motion(target):
    push = torch.tensor([0.0, 3.0, 4.0])
    torch.testing.assert_close(centre_of_mass_error(target.flip(1) + push, target), torch.full((4,), 5.0))
