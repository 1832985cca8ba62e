"""The penalty is zero exactly where the declared symmetry holds."""

import pytest
import torch
from torch import nn

from physml.constraints.symmetry_penalty import SymmetryPenalty
from physml.networks.cnn import CNN
from physml.networks.mlp import MLP
from physml.ops.groups import DihedralImages, Permutations, Rotations
from physml.ops.named import call


class Averaged(nn.Module):
    """A network averaged over all elements of D4, which makes it invariant."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        return sum(
            self.network(DihedralImages.element(turns, flip).on_input(x))
            for turns in range(4)
            for flip in (False, True)
        )


class Attraction(nn.Module):
    """Each body moves towards the mean of all: equivariant under O(3) and permutations."""

    def forward(self, x):
        position = x[..., :3]
        return position + 0.1 * (position.mean(-2, keepdim=True) - position)


def omega(network, x, group, **settings):
    return SymmetryPenalty(group, **settings)(network, network(x), x)


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def test_invariant_network_has_none_and_another_has():
    x = torch.randn(8, 1, 12, 12, dtype=torch.float64)
    network = CNN(1, 3, widths=[4, 8]).double().eval()
    elements = 6
    for _ in range(elements):
        assert omega(Averaged(network), x, DihedralImages()) < 1e-25
    assert max(omega(network, x, DihedralImages()) for _ in range(elements)) > 1e-6


@pytest.mark.parametrize("group", [Rotations(2, 1, output_vectors=1), Permutations()])
def test_equivariant_network_has_none_and_another_has(group):
    x = torch.randn(8, 5, 7, dtype=torch.float64)
    assert omega(Attraction(), x, group) < 1e-28
    assert omega(MLP([5, 7], [5, 3], hidden=[16]).double(), x, group) > 1e-4


def test_value_and_scale_by_hand():
    class FirstPixel(nn.Module):
        def forward(self, x):
            return x[:, 0, 0, :1]

    x = torch.zeros(2, 1, 2, 2, dtype=torch.float64)
    x[:, 0, 0, 0] = torch.tensor([3.0, 1.0])
    values = {round(float(omega(FirstPixel(), x, DihedralImages(), scale=2.0)), 9) for _ in range(40)}
    assert values == {0.0, round((9 + 1) / 2 / 4, 9)}


def test_gradient_descent_on_the_penalty_lowers_it():
    network = MLP([3], [1], hidden=[16])
    x, group = torch.randn(256, 3), Rotations(1, output_scalars=1)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)

    def mean():
        with torch.no_grad():
            return sum(omega(network, x, group) for _ in range(20)) / 20

    before = mean()
    for _ in range(100):
        optimizer.zero_grad()
        omega(network, x, group).backward()
        optimizer.step()
    assert mean() < 0.05 * before


def test_hands_offsets_on_and_is_called_by_name():
    class Ragged(nn.Module):
        def forward(self, x, offsets):
            return torch.segment_reduce(x.square().sum(-1), "sum", offsets=offsets)

    x, offsets = torch.randn(7, 3, dtype=torch.float64), torch.tensor([0, 3, 7])
    law = SymmetryPenalty(Rotations(1, output_scalars=2), weight=0.5)
    batch = {"network": Ragged(), "prediction": Ragged()(x, offsets), "x": x, "offsets": offsets}
    assert call(law, batch) < 1e-25
    assert law.weight == 0.5


def test_a_scale_that_is_none_is_refused():
    with pytest.raises(ValueError, match="expected a scale > 0 of the output"):
        SymmetryPenalty(Permutations(), scale=0.0)
