import pytest
import torch

from physml.networks.gns import GNS, InteractionBlock

OFFSETS = torch.tensor([0, 20, 32, 40])


@pytest.fixture
def network():
    network = GNS(radius=0.2, size=[10.0, 10.0], blocks=2, features=16, hidden=2).double()
    return network.eval()


@pytest.fixture
def x():
    """Trajectories amid a wide tank, with neighbours in each event."""
    start = 5 + 0.5 * torch.rand(40, 1, 2, dtype=torch.float64)
    return start + 0.01 * torch.randn(40, 6, 2, dtype=torch.float64).cumsum(1)


def test_a_block_equals_the_loops():
    block = InteractionBlock(4, hidden=2).double()
    h, e = torch.randn(5, 4, dtype=torch.float64), torch.randn(6, 4, dtype=torch.float64)
    edges = torch.tensor([[1, 2, 0, 4, 0, 1], [0, 0, 1, 2, 4, 4]])
    weights = torch.cat([block.edge.weight, block.sender.weight, block.receiver.weight], dim=1)
    messages, gathered = [], torch.zeros_like(h)
    for number, (sender, receiver) in enumerate(edges.T.tolist()):
        first = weights @ torch.cat([e[number], h[sender], h[receiver]]) + block.edge.bias
        messages.append(block.norm(block.message(first)))
        gathered[receiver] += messages[-1]
    new_h, new_e = block(h, e, edges)
    torch.testing.assert_close(new_e, e + torch.stack(messages))
    torch.testing.assert_close(new_h, h + block.update(torch.cat([h, gathered], dim=1)))


def test_translations_are_followed_far_from_the_walls(network, x):
    shift = torch.tensor([1.3, -2.1], dtype=torch.float64)
    torch.testing.assert_close(network(x + shift, OFFSETS), network(x, OFFSETS) + shift)


def test_a_near_wall_breaks_translations(network, x):
    shift = torch.tensor([-5.0, 0.0], dtype=torch.float64)
    with pytest.raises(AssertionError):
        torch.testing.assert_close(network(x + shift, OFFSETS), network(x, OFFSETS) + shift)


@pytest.mark.parametrize(("reach", "seen"), [(None, False), (0.4, True)])
def test_walls_are_seen_up_to_the_reach(x, reach, seen):
    near = 0.3 + x - x.amin((0, 1))  # beyond the radius of 0.2, and the other walls are far
    network = GNS(radius=0.2, size=[10.0, 10.0], blocks=1, features=8, reach=reach).double().eval()
    shifted = network(near + 0.05, OFFSETS) - network(near, OFFSETS)
    assert torch.allclose(shifted, torch.full_like(shifted, 0.05)) != seen


def test_half_precision_keeps_positions_and_their_small_changes(x):
    """Velocities are a hundred times the accelerations here: rounded to half, they would say nothing of these."""
    x = x[:, :1] + 0.01 + 1e-4 * (x - x[:, :1]) + 0.01 * torch.arange(6)[:, None]
    x = x.float()
    network = GNS(radius=0.2, size=[10.0, 10.0], blocks=2, features=16)
    network.train()(x, OFFSETS)
    network.eval()
    first, seen = network.node_encoder[0], []
    first.register_forward_hook(lambda layer, inputs, output: seen.append(output))
    exact = network(x, OFFSETS)
    with torch.autocast("cpu", torch.bfloat16):
        half = network(x, OFFSETS)
    assert half.dtype == seen[1].dtype == torch.float32
    assert torch.equal(seen[0], seen[1])
    acceleration = exact - 2 * x[:, -1] + x[:, -2]
    assert (half - exact).abs().max() < 0.05 * acceleration.abs().max()


def test_the_order_of_particles_does_not_matter(network, x):
    order = torch.cat([torch.randperm(20), 20 + torch.randperm(12), 32 + torch.randperm(8)])
    torch.testing.assert_close(network(x[order], OFFSETS), network(x, OFFSETS)[order])


def test_events_do_not_know_of_each_other(network, x):
    together = network(x, OFFSETS)
    for a, b in zip(OFFSETS[:-1].tolist(), OFFSETS[1:].tolist(), strict=True):
        torch.testing.assert_close(network(x[a:b], torch.tensor([0, b - a])), together[a:b])


def test_merged_events_break_the_independence(network, x):
    with pytest.raises(AssertionError):
        torch.testing.assert_close(network(x, torch.tensor([0, len(x)])), network(x, OFFSETS))


def test_what_happens_far_away_arrives_after_as_many_blocks(x):
    line = torch.arange(5, dtype=torch.float64)[:, None, None] * torch.tensor([0.15, 0.0]) + 5 + 0.0 * x[:5]
    pushed = line.clone()
    pushed[0, :-1, 1] += 0.01  # another velocity, the same position
    for blocks in (1, 2, 3):
        network = GNS(radius=0.2, size=[10.0, 10.0], blocks=blocks, features=16).double().eval()
        change = (network(pushed, torch.tensor([0, 5])) - network(line, torch.tensor([0, 5]))).abs().amax(1)
        assert (change > 1e-9).tolist() == [number <= blocks for number in range(5)]


def test_without_messages_particles_are_alone(x):
    network = GNS(radius=0.2, size=[10.0, 10.0], blocks=0, features=16).double().eval()
    torch.testing.assert_close(network(x, torch.tensor([0, 40])), network(x, OFFSETS))


def test_the_noise_is_corrected_such_that_the_true_velocity_is_learnt(network, x, monkeypatch):
    noise, seen = 0.01 * torch.randn_like(x), []
    truth = x[:, -1] + torch.randn_like(x[:, -1])

    def acceleration(noisy, offsets):
        seen.append(noisy)
        return (truth - x[:, -1]) - (noisy[:, -1] - noisy[:, -2])  # leads from the noisy to the true velocity

    monkeypatch.setattr(network, "_acceleration", acceleration)
    torch.testing.assert_close(network.train()(x, OFFSETS, noise), truth)
    torch.testing.assert_close(seen[0], x + noise)
    network.eval()(x, OFFSETS)
    torch.testing.assert_close(seen[1], x)  # none when it is used


def test_the_noise_adds_to_the_spread_of_the_accelerations(network, x):
    network.train()(x, OFFSETS)
    network.eval()
    quiet, uniform = network(x, OFFSETS), 2 * x[:, -1] - x[:, -2] + network.acceleration.mean
    spread = network.acceleration.variance.sqrt()
    network.noise = 0.02
    torch.testing.assert_close(network(x, OFFSETS) - uniform, (quiet - uniform) * (1 + 4e-4 / spread**2).sqrt())


def test_a_semi_implicit_step(network, x, monkeypatch):
    push = torch.tensor([0.1, -0.2], dtype=torch.float64)
    monkeypatch.setattr(network, "_acceleration", lambda x, offsets: push)
    torch.testing.assert_close(network(x, OFFSETS), x[:, -1] + (x[:, -1] - x[:, -2] + push))


def test_statistics_are_those_of_the_training_data_and_are_saved(network, x):
    network(x + 1, OFFSETS)  # a test event teaches nothing
    assert float(network.velocity.count) == 0
    network.train()(x, OFFSETS)
    torch.testing.assert_close(network.velocity.mean, x.diff(dim=1).mean((0, 1)))
    torch.testing.assert_close(network.acceleration.variance, x.diff(n=2, dim=1).flatten(0, 1).var(0, correction=0))
    other = GNS(radius=0.2, size=[10.0, 10.0], blocks=2, features=16, hidden=2).double().eval()
    other.load_state_dict(network.state_dict())
    torch.testing.assert_close(other(x, OFFSETS), network.eval()(x, OFFSETS))


@pytest.mark.parametrize("blocks", [0, 2])
def test_every_parameter_learns(x, blocks):
    network = GNS(radius=0.2, size=[10.0, 10.0], blocks=blocks, features=16).double()
    network(x, OFFSETS).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())


def test_it_has_the_size_of_lagrangebenchs_network():
    # Toshev et al. 2023, arXiv 2309.16342: GNS-5-64 has 161 thousand parameters.
    parameters = sum(p.numel() for p in GNS(radius=0.1, blocks=5, features=64, hidden=1).parameters())
    assert 155_000 < parameters < 165_000


def test_mistakes_are_told(network):
    with pytest.raises(ValueError, match=r"expected x of shape \(points, 6, 2\), got \(3, 5, 2\)"):
        network(torch.zeros(3, 5, 2), torch.tensor([0, 3]))
    with pytest.raises(ValueError, match="expected positions in single precision"):
        network(torch.zeros(3, 6, 2, dtype=torch.bfloat16), torch.tensor([0, 3]))
    with pytest.raises(ValueError, match="expected observed >= 3 frames"):
        GNS(radius=0.1, observed=2)
    for wrong in ({"hidden": 0}, {"blocks": -1}, {"noise": -1e-4}, {"reach": 0.0}, {"radius": 0.0}):
        with pytest.raises(ValueError, match=f"expected {next(iter(wrong))} >"):
            GNS(**{"radius": 0.1} | wrong)
    with pytest.raises(ValueError, match=r"expected noise of 0\.0003 in training, got none"):
        GNS(radius=0.1, noise=3e-4)(torch.rand(3, 6, 2), torch.tensor([0, 3]))
