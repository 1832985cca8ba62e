from itertools import pairwise

import pytest
import torch

from physml.networks.dgcnn import DGCNN, EdgeConv
from physml.ops.neighbours import nearest_neighbours

COUNTS = [4, 12, 1, 7]
OFFSETS = torch.tensor([0, *COUNTS]).cumsum(0)


@pytest.fixture
def x():
    return torch.randn(sum(COUNTS), 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def network():
    torch.manual_seed(0)
    return DGCNN(5, 2, blocks=3, k=5, embedding_features=4, features=8, edge_layers=2, head_features=8).double().eval()


def slow_edge_conv(layer, h, offsets, graph=None):
    """Compute the layer as its equation reads, edge by edge, without the neighbours that an event lacks."""
    space = (h if graph is None else graph).detach()
    first = torch.cat([layer.own.weight, layer.difference.weight], dim=1)
    outputs = []
    for a, b in pairwise(offsets.tolist()):
        for i in range(a, b):
            others = sorted((j for j in range(a, b) if j != i), key=lambda j: float((space[i] - space[j]).norm()))
            edges = []
            for j in [i, *others[: layer.k]]:
                edge = torch.relu(first @ torch.cat([h[i], h[j] - h[i]]) + layer.own.bias)
                for dense in layer.layers:
                    edge = torch.relu(dense(edge))
                edges.append(edge)
            outputs.append(torch.stack(edges).amax(0))
    return torch.stack(outputs)


@pytest.mark.parametrize("layers", [1, 3])
def test_edge_convolution_matches_its_equation_with_gradients(x, layers):
    torch.manual_seed(1)
    layer = EdgeConv(5, 6, k=5, layers=layers).double()
    x.requires_grad_()
    fast, slow = layer(x, OFFSETS), slow_edge_conv(layer, x, OFFSETS)
    torch.testing.assert_close(fast, slow)
    fast_gradients = torch.autograd.grad(fast.square().sum(), [x, *layer.parameters()])
    slow_gradients = torch.autograd.grad(slow.square().sum(), [x, *layer.parameters()])
    torch.testing.assert_close(fast_gradients, slow_gradients)


def test_differences_do_not_see_a_shift_of_all_points(x):
    torch.manual_seed(1)
    layer = EdgeConv(5, 6, k=5, layers=2).double()
    shift = torch.tensor([1.0, -2.0, 3.0, 0.5, 1.5], dtype=torch.float64)
    with pytest.raises(AssertionError):  # the point's own features do
        torch.testing.assert_close(layer(x + shift, OFFSETS), layer(x, OFFSETS))
    torch.nn.init.zeros_(layer.own.weight)
    torch.testing.assert_close(layer(x + shift, OFFSETS), layer(x, OFFSETS))


def slow_forward(network, x, graph=None):
    """Compute the network with slow edge convolutions, on the graphs of `graph` if it is given."""

    def mean(h):
        return torch.cat([h[a:b].mean(0).expand(b - a, -1) for a, b in pairwise(OFFSETS.tolist())])

    h, outputs = network.embedding(x), []
    for block in network.blocks:
        convolved = slow_edge_conv(block.convolution, h, OFFSETS, graph)
        h = block.mix(torch.cat([convolved, mean(convolved)], dim=1))
        outputs += [h, convolved, mean(convolved)]
    outputs.append(network.norm(slow_edge_conv(network.last, h, OFFSETS, graph)))
    return torch.softmax(network.head[:3](torch.cat(outputs, dim=1)), dim=1)


def test_each_layer_draws_its_graph_anew(network, x):
    network.train()  # the normalisation by the batch spreads the features out
    torch.testing.assert_close(network(x, OFFSETS), slow_forward(network, x))
    with pytest.raises(AssertionError):
        torch.testing.assert_close(network(x, OFFSETS), slow_forward(network, x, graph=network.embedding(x)))


def test_order_of_an_events_points_does_not_matter(network, x):
    generator = torch.Generator().manual_seed(2)
    order = torch.cat([torch.randperm(n, generator=generator) + a for n, a in zip(COUNTS, OFFSETS[:-1], strict=True)])
    torch.testing.assert_close(network(x[order], OFFSETS), network(x, OFFSETS)[order])


def test_events_do_not_know_of_each_other(network, x):
    together = network(x, OFFSETS)
    for a, b in pairwise(OFFSETS.tolist()):
        torch.testing.assert_close(network(x[a:b], torch.tensor([0, b - a])), together[a:b])


def test_merged_events_break_the_independence(network, x):
    merged = network(x, torch.tensor([0, len(x)]))
    with pytest.raises(AssertionError):
        torch.testing.assert_close(merged, network(x, OFFSETS))


def test_more_neighbours_than_there_are_change_nothing(network, x):
    few, many = (EdgeConv(5, 6, k=k, layers=2).double() for k in (max(COUNTS) - 1, 3 * max(COUNTS)))
    many.load_state_dict(few.state_dict())
    torch.testing.assert_close(many(x, OFFSETS), few(x, OFFSETS))


def test_outputs_are_fractions_unless_raw(network, x):
    torch.testing.assert_close(network(x, OFFSETS).sum(-1), torch.ones(len(x), dtype=torch.float64))
    raw = DGCNN(5, 2, blocks=2, k=3, softmax=False).double().eval()(x, OFFSETS)
    assert (raw.sum(-1) - 1).abs().max() > 1e-3


def test_every_parameter_learns(network, x):
    network.train()
    network(x, OFFSETS)[:, 0].square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().max() > 1e-9 for p in network.parameters())


def test_defaults_have_the_size_of_the_authors_model():
    # Counted from their code's layers for two outputs; without a bias that the normalisation takes away, and without
    # the weights by which the mixing layers read the convolution a second time.
    assert sum(p.numel() for p in DGCNN(5, 2).parameters()) == 118_434 - 16 - 3 * 64 * 64


@pytest.mark.parametrize("name", ["blocks", "k", "edge_layers"])
def test_numbers_out_of_bounds_are_refused(name):
    with pytest.raises(ValueError, match=f"expected {name} >= 1, got 0: raise it"):
        DGCNN(5, 2, **{name: 0})


def test_other_features_are_refused(network):
    with pytest.raises(ValueError, match=r"expected x of shape \(points, 5\), got \(3, 4\)"):
        network(torch.zeros(3, 4), torch.tensor([0, 3]))


def test_autocast_keeps_the_coordinates_precise(monkeypatch):
    sought = []

    def recorded(points, *others):
        sought.append(points.dtype)
        return nearest_neighbours(points, *others)

    monkeypatch.setattr("physml.networks.dgcnn.nearest_neighbours", recorded)
    network = DGCNN(in_features=5, out_features=2, blocks=3, k=3)
    with torch.autocast("cpu", torch.bfloat16):
        output = network(torch.randn(12, 5), torch.tensor([0, 7, 12]))
    assert sought == [torch.float32] * 3
    output.float()[:, 0].sum().backward()
    assert all(p.grad is not None for p in network.parameters())
