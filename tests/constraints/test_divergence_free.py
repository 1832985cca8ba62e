import math

import pytest
import torch

from physml.constraints.divergence_free import DivergenceFree


def taylor_green(x):
    """A flow without sources."""
    first, second = (math.pi * x).unbind(1)
    return torch.stack([torch.cos(first) * torch.sin(second), -torch.sin(first) * torch.cos(second)], dim=1)


@pytest.fixture
def x():
    return torch.rand(50, 2, dtype=torch.float64)


def test_an_incompressible_flow_costs_nothing(x):
    assert DivergenceFree()(taylor_green, x) < 1e-28


def test_a_wrong_sign_is_found_out(x):
    assert DivergenceFree()(lambda x: taylor_green(x) * torch.tensor([1, -1]), x) > 0.1


def test_a_source_costs_its_square_in_units_of_the_scale(x):
    def flow(x):
        return taylor_green(x) + 3 * x

    assert DivergenceFree()(flow, x).item() == pytest.approx(36)
    assert DivergenceFree(scale=0.5)(flow, x).item() == pytest.approx(9)


def test_it_keeps_a_network_closer_to_incompressible_flows(x):
    def learnt(weight):
        torch.manual_seed(0)
        network = torch.nn.Sequential(torch.nn.Linear(2, 16), torch.nn.Tanh(), torch.nn.Linear(16, 2)).double()
        optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
        for _ in range(100):
            optimizer.zero_grad()
            (weight * DivergenceFree()(network, x) + (network(x) - taylor_green(x)).square().mean()).backward()
            optimizer.step()
        with torch.inference_mode():
            return DivergenceFree()(network, x.clone())

    assert learnt(1.0) < 0.3 * learnt(0.0)


def test_errors_say_what_to_do(x):
    with pytest.raises(ValueError, match=r"got \(2, 3, 3\): use it where points"):
        DivergenceFree()(taylor_green, torch.zeros(2, 3, 3))
    with pytest.raises(ValueError, match="expected a field of 2 components, got 1"):
        DivergenceFree()(lambda x: x[:, :1], x)
