"""The multilayer perceptron's shapes and layers."""

import pytest
import torch
from torch import nn

from physml.networks.mlp import MLP


@pytest.mark.parametrize("leading", [(), (7,), (0,), (4, 5)])
@pytest.mark.parametrize(
    ("in_shape", "out_shape"), [([3], [2]), ([1, 4, 4], [5]), ([2, 3], [2, 3]), ([3], []), ([], [1])]
)
def test_keeps_leading_dimensions(leading, in_shape, out_shape):
    assert MLP(in_shape, out_shape, hidden=[6])(torch.zeros((*leading, *in_shape))).shape == (*leading, *out_shape)


def test_acts_on_each_event_alone():
    torch.manual_seed(0)
    network = MLP([2, 3], [4], hidden=[8]).double()
    x = torch.randn(5, 2, 3, dtype=torch.float64)
    torch.testing.assert_close(network(x), torch.stack([network(event) for event in x]))


def test_without_hidden_layers_is_affine():
    torch.manual_seed(0)
    network = MLP([3], [2], hidden=[]).double()
    a, b = torch.randn(2, 4, 3, dtype=torch.float64)
    torch.testing.assert_close(network((a + b) / 2), (network(a) + network(b)) / 2)
    bent = MLP([3], [2], hidden=[16]).double()
    assert not torch.allclose(bent((a + b) / 2), (bent(a) + bent(b)) / 2)


def test_each_layer_has_its_own_activation():
    network = MLP([3], [2], hidden=[4, 4], activation=nn.PReLU())
    assert sum(isinstance(module, nn.PReLU) for module in network.modules()) == 2


def test_refuses_another_shape_in_one_line():
    with pytest.raises(ValueError, match=r"expected x of shape \(…, 3, 2\), got \(5, 2, 3\): set") as error:
        MLP([3, 2], [1])(torch.zeros(5, 2, 3))
    assert "\n" not in str(error.value)
