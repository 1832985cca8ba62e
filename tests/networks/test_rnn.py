import pytest
import torch
from torch import nn

from physml.networks.rnn import RNN

CELLS = [nn.GRU, nn.LSTM]


def randomised(cell, horizon=5, **arguments):
    torch.manual_seed(0)
    network = RNN(features=3, horizon=horizon, cell=cell, hidden=7, **arguments).double()
    nn.init.normal_(network.readout.weight, std=0.3)
    return network


@pytest.mark.parametrize("cell", CELLS)
def test_untrained_network_continues_with_the_last_observation(cell):
    x = torch.randn(4, 6, 3, generator=torch.Generator().manual_seed(1))
    prediction = RNN(features=3, horizon=5, cell=cell)(x)
    torch.testing.assert_close(prediction, x[:, -1:].expand(-1, 5, -1))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 2])
def test_roll_out_agrees_with_reading_the_whole_past_again_at_each_step(cell, layers):
    network = randomised(cell, layers=layers)
    x = torch.randn(4, 6, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    past = x
    for _ in range(5):
        output, _ = network.cell(past)
        past = torch.cat([past, past[:, -1:] + network.readout(output[:, -1:])], dim=1)
    torch.testing.assert_close(network(x), past[:, 6:])


@pytest.mark.parametrize("cell", CELLS)
def test_a_longer_horizon_begins_with_the_shorter_one(cell):
    x = torch.randn(2, 6, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(randomised(cell, horizon=9)(x)[:, :4], randomised(cell, horizon=4)(x))


@pytest.mark.parametrize("cell", CELLS)
def test_every_weight_learns_from_the_last_step(cell):
    network = randomised(cell)
    network(torch.randn(2, 6, 3, dtype=torch.float64))[:, -1].sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())


@pytest.mark.parametrize("shape", [(4, 6, 2), (6, 3)])
def test_other_inputs_are_refused(shape):
    with pytest.raises(ValueError, match=r"expected x of shape \(batch, observed, 3\), got"):
        RNN(features=3, horizon=5)(torch.zeros(shape))


@pytest.mark.parametrize("name", ["horizon", "hidden", "layers"])
def test_numbers_out_of_bounds_are_refused(name):
    with pytest.raises(ValueError, match=f"expected {name} >= 1, got 0: raise it"):
        RNN(**{"features": 3, "horizon": 5} | {name: 0})
