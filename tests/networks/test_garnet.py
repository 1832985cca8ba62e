import pytest
import torch

from physml.networks.garnet import GarNet, GarNetLayer

COUNTS = [4, 12, 0, 1, 7]
OFFSETS = torch.tensor([0, *COUNTS]).cumsum(0)


@pytest.fixture
def x():
    return torch.randn(sum(COUNTS), 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def network():
    torch.manual_seed(0)
    return GarNet(5, 2, layers=3, hidden_features=8, propagate_dimensions=3, head_features=8).double().eval()


def slow_layer(layer, h, offsets):
    """Compute the layer as its equation reads, event by event, aggregator by aggregator."""
    outputs = []
    for a, b in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
        if a == b:
            continue
        potential = torch.exp(-layer.distance(h[a:b]).abs())
        f = torch.cat([layer.propagate(h[a:b]), potential], dim=1)
        collected = []
        for v in potential.unbind(1):
            sent = torch.stack([v[i] * f[i] for i in range(b - a)])
            collected.append(torch.cat([sent.amax(0), sent.mean(0)]))
        for i in range(b - a):
            returned = [potential[i, s] * g for s, g in enumerate(collected)]
            outputs.append(torch.tanh(layer.output(torch.cat([h[a + i], *returned, potential[i]]))))
    return torch.stack(outputs)


def test_layer_matches_its_equation_with_gradients(x):
    torch.manual_seed(1)
    layer = GarNetLayer(5, 6, aggregators=2, propagate_dimensions=3).double()
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
    raw = GarNet(5, 2, layers=1, softmax=False).double().eval()(x, OFFSETS)
    assert (raw.sum(-1) - 1).abs().max() > 1e-3


def test_every_parameter_learns(network, x):
    network.train()
    network(x, OFFSETS)[:, 0].square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())


def test_autocast_changes_little_and_trains(x):
    torch.manual_seed(0)
    network = GarNet(5, 2, layers=2, hidden_features=8)
    exact = network(x.float(), OFFSETS)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = network(x.float(), OFFSETS)
    torch.testing.assert_close(mixed.float(), exact, atol=0.05, rtol=0.05)
    mixed.float()[:, 0].square().sum().backward()
    assert all(p.grad.abs().sum() > 0 for p in network.parameters())


def test_other_features_are_refused(network):
    with pytest.raises(ValueError, match=r"expected x of shape \(points, 5\), got \(3, 4\)"):
        network(torch.zeros(3, 4), torch.tensor([0, 3]))


def test_no_layers_are_refused():
    with pytest.raises(ValueError, match="expected layers >= 1, got 0: raise it"):
        GarNet(5, 2, layers=0)
