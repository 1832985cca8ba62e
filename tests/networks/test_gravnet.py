import copy
from itertools import pairwise
from types import SimpleNamespace

import pytest
import torch

from physml.networks.gravnet import GravNet, GravNetLayer

COUNTS = [4, 12, 1, 7]
OFFSETS = torch.tensor([0, *COUNTS]).cumsum(0)


@pytest.fixture
def x():
    return torch.randn(sum(COUNTS), 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def network():
    torch.manual_seed(0)
    network = GravNet(5, 2, blocks=2, k=5, hidden_features=8, block_features=6, propagate_dimensions=3, head_features=8)
    return network.double().eval()


def slow_layer(layer, h, offsets):
    """Compute the layer as its equation reads, point by point."""
    s, f = layer.space(h), layer.propagate(h)
    outputs = []
    for a, b in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
        for i in range(a, b):
            near = sorted((j for j in range(a, b) if j != i), key=lambda j: float((s[i] - s[j]).detach().norm()))[
                : layer.k
            ]
            messages = [torch.exp(-10 * (s[i] - s[j]).square().sum()) * f[j] for j in near]
            messages = torch.stack(messages or [torch.zeros_like(f[i])])
            outputs.append(torch.tanh(layer.output(torch.cat([h[i], messages.mean(0), messages.amax(0)]))))
    return torch.stack(outputs)


def test_layer_matches_its_equation_with_gradients(x):
    torch.manual_seed(1)
    layer = GravNetLayer(5, 6, k=5, space_dimensions=2, propagate_dimensions=3).double()
    x.requires_grad_()
    fast, slow = layer(x, OFFSETS), slow_layer(layer, x, OFFSETS)
    torch.testing.assert_close(fast, slow)
    fast_gradients = torch.autograd.grad(fast.square().sum(), [x, *layer.parameters()])
    slow_gradients = torch.autograd.grad(slow.square().sum(), [x, *layer.parameters()])
    torch.testing.assert_close(fast_gradients, slow_gradients)


def test_order_of_an_events_points_does_not_matter(network, x):
    generator = torch.Generator().manual_seed(2)
    order = torch.cat([torch.randperm(n, generator=generator) + a for n, a in zip(COUNTS, OFFSETS[:-1], strict=True)])
    torch.testing.assert_close(network(x[order], OFFSETS), network(x, OFFSETS)[order])


def test_events_do_not_know_of_each_other(network, x):
    together = network(x, OFFSETS)
    for a, b in zip(OFFSETS[:-1].tolist(), OFFSETS[1:].tolist(), strict=True):
        torch.testing.assert_close(network(x[a:b], torch.tensor([0, b - a])), together[a:b])


def test_merged_events_break_the_independence(network, x):
    merged = network(x, torch.tensor([0, len(x)]))
    with pytest.raises(AssertionError):
        torch.testing.assert_close(merged, network(x, OFFSETS))


def test_outputs_are_fractions_unless_raw(network, x):
    torch.testing.assert_close(network(x, OFFSETS).sum(-1), torch.ones(len(x), dtype=torch.float64))
    raw = GravNet(5, 2, blocks=1, k=3, softmax=False).double().eval()(x, OFFSETS)
    assert (raw.sum(-1) - 1).abs().max() > 1e-3


def test_every_parameter_learns(network, x):
    network.train()
    network(x, OFFSETS)[:, 0].square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())


def test_defaults_have_the_size_of_the_authors_model():
    # Published: about 96 thousand parameters for 4 blocks with these widths.
    assert 90_000 < sum(p.numel() for p in GravNet(5, 3).parameters()) < 102_000


@pytest.mark.parametrize("name", ["blocks", "k"])
def test_numbers_out_of_bounds_are_refused(name):
    with pytest.raises(ValueError, match=f"expected {name} >= 1, got 0: raise it"):
        GravNet(5, 2, **{name: 0})


def test_other_features_are_refused(network):
    with pytest.raises(ValueError, match=r"expected x of shape \(points, 5\), got \(3, 4\)"):
        network(torch.zeros(3, 4), torch.tensor([0, 3]))


def test_weights_of_torch_geometric_give_its_numbers(monkeypatch):
    conv = torch_geometric_layer(monkeypatch).double()
    h = torch.randn(sum(COUNTS), 6, dtype=torch.float64, requires_grad=True)
    theirs = conv(h, torch.repeat_interleave(torch.arange(len(COUNTS)), torch.tensor(COUNTS)))
    ours = GravNetLayer.from_torch_geometric(conv)(h, OFFSETS)
    torch.testing.assert_close(ours, theirs)
    direction = torch.randn_like(ours)
    gradients = [torch.autograd.grad(output, h, direction)[0] for output in (ours, theirs)]
    torch.testing.assert_close(*gradients)


def torch_geometric_layer(monkeypatch):
    """Return torch-geometric's layer, with a slow search in the place of that of pyg-lib, which PyPI lacks."""
    from torch_geometric import typing
    from torch_geometric.nn import GravNetConv

    def knn(x, y, x_ends, y_ends, k, cosine, workers):
        pairs = []
        for a, b in pairwise(x_ends.tolist()):
            for i in range(a, b):
                near = (x[a:b] - y[i]).norm(dim=1).argsort()[:k] + a
                pairs += [(i, j) for j in near.tolist()]
        return torch.tensor(pairs).mT

    monkeypatch.setattr(typing, "WITH_KNN", True)
    monkeypatch.setattr(torch.ops, "pyg", SimpleNamespace(knn=knn), raising=False)
    return GravNetConv(6, 3, space_dimensions=2, propagate_dimensions=4, k=5)


class Rounded(torch.nn.Module):
    """A layer whose output is rounded to half precision."""

    def __init__(self, layer):
        super().__init__()
        self.layer, self.weight = layer, layer.weight

    def forward(self, h):
        return self.layer(h).bfloat16()


# Dynamo itself looks at the gradient of what it hands over where a graph breaks.
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning")
def test_a_compiled_network_gives_the_same(network, x):
    expected = network(x, OFFSETS)
    compiled = torch.compile(network, backend="aot_eager")
    torch.testing.assert_close(compiled(x, OFFSETS), expected)
    gradients = [torch.autograd.grad(f(x, OFFSETS)[:, 0].sum(), network.parameters()) for f in (compiled, network)]
    torch.testing.assert_close(*gradients)


def test_autocast_keeps_the_distances_precise(x):
    layer = GravNetLayer(5, 6, k=5, space_dimensions=2, propagate_dimensions=3)
    layer.space.bias.data += 64  # far from the origin half precision has no digits left for the distances
    exact = layer(x.float(), OFFSETS)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = layer(x.float(), OFFSETS)
    assert mixed.dtype == torch.bfloat16
    torch.testing.assert_close(mixed.float(), exact, atol=0.03, rtol=0.03)
    rounded = copy.deepcopy(layer)
    rounded.space = Rounded(layer.space)
    with pytest.raises(AssertionError):
        torch.testing.assert_close(rounded(x.float(), OFFSETS), exact, atol=0.03, rtol=0.03)
    mixed.float().sum().backward()
    assert all(p.grad.abs().sum() > 0 for p in layer.parameters())
