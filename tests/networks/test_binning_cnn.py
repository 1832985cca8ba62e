import math
import re
from itertools import pairwise

import pytest
import torch

from physml.cli.compose import compose_config
from physml.networks.binning_cnn import BinningCNN
from physml.runs.build import build

COUNTS = [4, 30, 1, 17]
OFFSETS = torch.tensor([0, *COUNTS]).cumsum(0)
WIDTH, DEPTH, BINS, LAYERS = 8.0, 6.0, 4, 3  # pixels of 2 cm


@pytest.fixture
def network():
    torch.manual_seed(0)
    network = BinningCNN(
        5, 2, width=WIDTH, depth=DEPTH, bins=BINS, layers=LAYERS, channels=6, read_features=3, head_features=8
    )
    return network.double().eval()


@pytest.fixture
def event():
    """Arrays of the sensors, which fill some pixels several times and leave others empty."""
    generator = torch.Generator().manual_seed(0)
    points = sum(COUNTS)
    return {
        "x": torch.randn(points, 5, dtype=torch.float64, generator=generator),
        "position": torch.rand(points, 3, dtype=torch.float64, generator=generator)
        * torch.tensor([WIDTH, WIDTH, DEPTH])
        - torch.tensor([WIDTH / 2, WIDTH / 2, 0.0]),
        "energy": torch.rand(points, dtype=torch.float64, generator=generator) + 0.1,
    }


def slow_pixels(position):
    """Find the event, layer, column and row of each sensor, one by one."""
    found = []
    for e, (a, b) in enumerate(pairwise(OFFSETS.tolist())):
        for x, y, z in position[a:b].tolist():
            column = min(max(math.floor((x + WIDTH / 2) / (WIDTH / BINS)), 0), BINS - 1)
            row = min(max(math.floor((y + WIDTH / 2) / (WIDTH / BINS)), 0), BINS - 1)
            layer = min(max(math.floor(z / (DEPTH / LAYERS)), 0), LAYERS - 1)
            found.append((e, layer, column, row))
    return found


def slow_forward(network, x, position, energy):
    """Compute the network as its equations read: a list of sensors in each pixel, and a look-up for each sensor."""
    pixels = slow_pixels(position)
    u = torch.zeros(len(COUNTS), LAYERS, 6, BINS, BINS, dtype=x.dtype)
    for pixel in set(pixels):
        e, layer, column, row = pixel
        inside = [i for i, other in enumerate(pixels) if other == pixel]
        total = sum(energy[i] for i in inside)
        mean = sum(energy[i] * x[i] for i in inside) / total
        u[e, layer, :, column, row] = torch.cat([(1 + total).log()[None], mean])
    convolved = network.convolutions(u.reshape(len(COUNTS), LAYERS * 6, BINS, BINS))
    outputs = []
    for i, (e, layer, column, row) in enumerate(pixels):
        read = convolved[e, 3 * layer : 3 * (layer + 1), column, row]
        outputs.append(torch.softmax(network.head[:3](torch.cat([x[i], read])), dim=0))
    return torch.stack(outputs)


def test_it_matches_a_slow_binning_and_read_out_with_gradients(network, event):
    assert len(set(slow_pixels(event["position"]))) < sum(COUNTS)
    event["x"].requires_grad_()
    fast, slow = network(offsets=OFFSETS, **event), slow_forward(network, **event)
    torch.testing.assert_close(fast, slow)
    inputs = [event["x"], *network.parameters()]
    fast_gradients = torch.autograd.grad(fast[:, 0].square().sum(), inputs)
    slow_gradients = torch.autograd.grad(slow[:, 0].square().sum(), inputs)
    torch.testing.assert_close(fast_gradients, slow_gradients)


def test_a_sensor_on_the_border_belongs_to_the_nearest_pixel(network, event):
    border = event["position"].clone()
    border[0] = torch.tensor([-WIDTH / 2 - 1e-6, 1.0, DEPTH + 1e-6])
    border[5] = torch.tensor([WIDTH / 2, -WIDTH / 2, -1e-6])
    inner = border.clone()
    inner[0] = torch.tensor([-WIDTH / 2, 1.0, DEPTH - 0.01])
    inner[5] = torch.tensor([WIDTH / 2 - 0.01, -WIDTH / 2, 0.0])
    torch.testing.assert_close(
        network(offsets=OFFSETS, **event | {"position": border}),
        network(offsets=OFFSETS, **event | {"position": inner}),
    )


@pytest.mark.parametrize("place", [(-4.1, 0, 1), (4.1, 0, 1), (0, -4.1, 1), (0, 4.1, 1), (0, 0, -0.1), (0, 0, 6.1)])
def test_a_sensor_outside_the_box_is_refused(network, event, place):
    event["position"][7] = torch.tensor(place)
    got = ", ".join(f"{value:g}" for value in place)
    message = (
        f"expected 0 ≤ z ≤ 6 cm and |x|, |y| ≤ 4 cm, got ({got}): set task.network.width and task.network.depth to the"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        network(offsets=OFFSETS, **event)


def test_a_position_that_is_no_number_is_refused(network, event):
    event["position"][7, 1] = torch.nan
    with pytest.raises(ValueError, match=r"got \(.*, nan, "):
        network(offsets=OFFSETS, **event)


def test_order_of_an_events_sensors_does_not_matter(network, event):
    generator = torch.Generator().manual_seed(2)
    order = torch.cat([torch.randperm(n, generator=generator) + a for n, a in zip(COUNTS, OFFSETS[:-1], strict=True)])
    shuffled = {name: array[order] for name, array in event.items()}
    torch.testing.assert_close(network(offsets=OFFSETS, **shuffled), network(offsets=OFFSETS, **event)[order])


def test_events_do_not_know_of_each_other(network, event):
    together = network(offsets=OFFSETS, **event)
    for a, b in pairwise(OFFSETS.tolist()):
        alone = {name: array[a:b] for name, array in event.items()}
        torch.testing.assert_close(network(offsets=torch.tensor([0, b - a]), **alone), together[a:b])


def test_merged_events_break_the_independence(network, event):
    merged = network(offsets=torch.tensor([0, sum(COUNTS)]), **event)
    with pytest.raises(AssertionError):
        torch.testing.assert_close(merged, network(offsets=OFFSETS, **event))


def test_sensors_of_one_pixel_differ_by_their_features_alone(network, event):
    event["position"][:3] = torch.tensor([[0.5, 0.5, 0.5], [1.5, 0.6, 1.9], [0.1, 1.9, 0.1]])
    event["x"][1] = event["x"][0]
    first, twin, other = network(offsets=OFFSETS, **event)[:3]
    torch.testing.assert_close(first, twin)
    assert (first - other).abs().max() > 1e-3


def test_a_sensor_elsewhere_with_the_same_features_differs(network, event):
    event["position"][:2] = torch.tensor([[0.5, 0.5, 0.5], [-3.5, 0.5, 0.5]])
    event["x"][1] = event["x"][0]
    first, second = network(offsets=OFFSETS, **event)[:2]
    assert (first - second).abs().max() > 1e-3


def test_outputs_are_fractions_unless_raw(network, event):
    torch.testing.assert_close(network(offsets=OFFSETS, **event).sum(-1), torch.ones(sum(COUNTS), dtype=torch.float64))
    raw = BinningCNN(5, 2, width=WIDTH, depth=DEPTH, softmax=False).double().eval()(offsets=OFFSETS, **event)
    assert (raw.sum(-1) - 1).abs().max() > 1e-3


def test_every_parameter_learns(network, event):
    network.train()
    network(offsets=OFFSETS, **event)[:, 0].square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().max() > 1e-9 for p in network.parameters())


def test_defaults_have_the_size_of_the_rivals():
    assert 90_000 < sum(p.numel() for p in BinningCNN(5, 2, width=30.0, depth=60.0).parameters()) < 110_000


@pytest.fixture
def configured():
    """Build the network and the calorimeter of a choice of the network and one of the data."""

    def compose(network, data):
        config = compose_config("train", [f"network={network}", f"data={data}"])
        return build(config["task"]["network"]), build(config["data"]["source"]).calorimeter

    return compose


@pytest.mark.parametrize(("network", "data"), [("binning_cnn", "showers"), ("binning_cnn_2019", "showers_2019")])
def test_the_configured_box_is_the_calorimeters(configured, network, data):
    network, calorimeter = configured(network, data)
    assert (network.width, network.depth) == (calorimeter.width, calorimeter.edges[-1])


def test_the_configured_grid_holds_each_sensor_alone(configured):
    network, calorimeter = configured("binning_cnn", "showers")
    position = torch.as_tensor(calorimeter.position, dtype=torch.float32)
    pixel = network.pixel(position, torch.tensor([0, len(position)]))
    assert len(pixel.unique()) == len(calorimeter)


def test_other_features_and_empty_sensors_are_refused(network, event):
    with pytest.raises(ValueError, match=r"expected x of shape \(points, 5\), got \(52, 4\)"):
        network(offsets=OFFSETS, **event | {"x": event["x"][:, :4]})
    event["energy"][3] = -0.25
    with pytest.raises(ValueError, match=r"expected positive energies to weigh sensors by, got -0\.25: raise"):
        network(offsets=OFFSETS, **event)


@pytest.mark.parametrize("name", ["width", "depth", "bins", "layers"])
def test_numbers_out_of_bounds_are_refused(name):
    with pytest.raises(ValueError, match=f"expected {name} >.* got 0: raise it"):
        BinningCNN(5, 2, **{"width": 8.0, "depth": 6.0} | {name: 0})
