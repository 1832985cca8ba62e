import pytest
import torch
from torch import nn

from physml.networks.neural_ode import NeuralODE
from physml.ops.integrators import integrate


def network():
    torch.manual_seed(1)
    field = NeuralODE(features=2, horizon=6, dt=0.3, hidden=[16], tolerance=1e-9).double()
    nn.init.normal_(field.network.layers[-1].weight, std=0.3)
    return field


def test_the_states_are_those_of_a_fixed_step_integrator():
    field, start = network(), torch.randn(4, 2, dtype=torch.float64)
    expected = integrate(field.derivative, start, 0.3, 6, substeps=40)[:, 1:]
    torch.testing.assert_close(field(start), expected, rtol=0, atol=1e-7)


def test_its_gradients_by_the_weights_are_right():
    field, start = network(), torch.randn(4, 2, dtype=torch.float64)
    weight = field.network.layers[0].weight
    (slope,) = torch.autograd.grad(field(start).square().sum(), weight)
    by_hand = integrate(field.derivative, start, 0.3, 6, substeps=40)[:, 1:].square().sum()
    torch.testing.assert_close(slope, torch.autograd.grad(by_hand, weight)[0], rtol=1e-5, atol=1e-7)


def test_two_forecasts_in_a_row_are_one_twice_as_long():
    field, start = network(), torch.randn(4, 2, dtype=torch.float64)
    longer = network()
    longer.horizon = 12
    there = field(start)
    torch.testing.assert_close(torch.cat([there, field(there[:, -1])], dim=1), longer(start), rtol=0, atol=1e-7)


@pytest.mark.parametrize("tolerance", [1e-3, 1e-7])
def test_the_tolerance_bounds_the_error(tolerance):
    field, start = network(), 3 * torch.randn(4, 2, dtype=torch.float64)
    exact = field(start)
    field.tolerance = tolerance
    error = torch.dist(field(start), exact) / exact.norm()
    assert error < 30 * tolerance
    assert error > 1e-12


@pytest.mark.parametrize("name", ["horizon", "tolerance"])
def test_numbers_out_of_bounds_are_refused(name):
    with pytest.raises(ValueError, match=f"expected {name} >.* got 0: raise it"):
        NeuralODE(**{"features": 3, "horizon": 5, "dt": 0.1} | {name: 0})
