import pytest
import torch

from physml.networks.field import JetLinear
from physml.tasks.second_order_step import second_order_step


@pytest.fixture
def problem(seed):
    """A straight line to fit: its layer, a function of the layer's residuals, and x and y."""
    layer = JetLinear(1, 1, dtype=torch.float64)
    x, y = torch.rand(30, 1).double(), torch.rand(30, 1).double()
    return layer, lambda: (layer(x[None])[0] - y) / 30**0.5, x, y


def step(layer, residuals, decay=None, damping=1e-12):
    damping = torch.tensor(damping, dtype=torch.float64)
    before = second_order_step(torch.optim.SGD(layer.parameters(), lr=1.0), [layer], residuals, damping, decay)
    return before, damping


def test_one_step_fits_a_line(problem):
    layer, residuals, x, y = problem
    expected = residuals().square().sum().item()
    before, damping = step(layer, residuals)
    assert before.item() == pytest.approx(expected)
    assert damping < 1e-12
    design = torch.cat([x, torch.ones_like(x)], dim=1)
    fit = torch.linalg.lstsq(design, y).solution.flatten()
    torch.testing.assert_close(torch.cat([layer.weight.flatten(), layer.bias]).detach(), fit)


def test_decay_shrinks_the_weights_that_it_is_given_for(problem):
    layer, residuals, x, y = problem
    step(layer, residuals, decay=torch.tensor([0.3, 0.0], dtype=torch.float64))
    covariance = ((x - x.mean()) * (y - y.mean())).mean()
    slope = covariance / ((x - x.mean()).square().mean() + 0.3)
    torch.testing.assert_close(layer.weight.flatten(), slope[None])
    torch.testing.assert_close(layer.bias, y.mean()[None] - slope * x.mean())
