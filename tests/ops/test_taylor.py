import pytest
import torch

from physml.networks.field import Field
from physml.ops import taylor
from physml.ops.derivatives import derivatives

NAMES = ["u", "u_t", "u_x", "u_xx", "u_xxxx", "u_tx", "u_ttx", "u_ttxx"]
LETTERS = [name.partition("_")[2] for name in NAMES]
CHANNELS = taylor.orders(LETTERS, "tx")


def jet(function, x):
    """The same by reverse mode, channel by channel."""
    names = ["u_" + "t" * a + "x" * b if a + b else "u" for a, b in CHANNELS]
    return torch.stack([found[:, None] for found in derivatives(function, x, names, "tx").values()])


@pytest.fixture
def x(seed):
    return torch.rand(6, 2, dtype=torch.float64)


def inner(x):
    return (x[:, :1] ** 2 * x[:, 1:]).sin() + x[:, 1:] ** 3


def other(x):
    return (x[:, :1] - 2 * x[:, 1:]).exp()


def test_orders_hold_all_below_each():
    assert len(CHANNELS) == len(set(CHANNELS))
    assert CHANNELS[0] == (0, 0)
    assert all((a - 1, b) in CHANNELS for a, b in CHANNELS if a)
    assert all((a, b - 1) in CHANNELS for a, b in CHANNELS if b)
    assert [sum(index) for index in CHANNELS] == sorted(sum(index) for index in CHANNELS)


def test_tanh_and_products_follow_the_chain_and_leibniz_rules(x):
    a, b = jet(inner, x), jet(other, x)
    torch.testing.assert_close(taylor.tanh(a, CHANNELS), jet(lambda x: inner(x).tanh(), x))
    torch.testing.assert_close(taylor.multiply(a, b, CHANNELS), jet(lambda x: inner(x) * other(x), x))


def test_waves_and_distances_follow_the_chain_rule(x):
    a = jet(inner, x)
    sine, cosine = taylor.sin_cos(a, CHANNELS)
    torch.testing.assert_close(sine, jet(lambda x: inner(x).sin(), x))
    torch.testing.assert_close(cosine, jet(lambda x: inner(x).cos(), x))
    middle = 0.3  # with values on both sides
    assert (x[:, 0] < middle).any()
    assert (x[:, 0] > middle).any()
    shifted = jet(lambda x: x[:, :1] - middle + 0 * x[:, 1:] ** 4, x)
    torch.testing.assert_close(taylor.absolute(shifted), jet(lambda x: (x[:, :1] - middle).abs(), x))


@pytest.mark.parametrize("letters", [["x", "t"], ["xx", "t"], ["xxxx"], ["ttx", "xx"]])
def test_the_gradient_by_hand_is_that_of_the_recursion_and_of_differences(seed, letters):
    channels = taylor.orders(letters, "tx")
    z = torch.randn(len(channels), 3, 2, dtype=torch.float64, requires_grad=True)
    slope = torch.randn_like(z)
    results = []
    for function in (taylor.tanh, taylor.tanh_by_recursion):
        y = function(z, channels)
        results.append((y, *torch.autograd.grad(y, z, slope)))
    torch.testing.assert_close(*results, rtol=1e-12, atol=1e-12)
    assert torch.autograd.gradcheck(lambda z: taylor.tanh(z, channels), z)
    assert torch.autograd.gradgradcheck(lambda z: taylor.tanh(z, channels), z)


SUMS = [{"t": 1.0, "xx": -0.3, "xxxx": 0.2}, {"tx": 2.0, "x": -1.0}]
WITH_SUMS = taylor.orders(["x", "t"], "tx", SUMS)


def summed(jet):
    """The same from all derivatives apart."""
    place = {index: channel for channel, index in enumerate(CHANNELS)}
    parts = [taylor.parts(channel) for channel in WITH_SUMS]
    return torch.stack([sum(factor * jet[place[index]] for factor, index in each) for each in parts])


def test_a_sum_of_derivatives_is_one_channel(x):
    assert len(WITH_SUMS) == 7  # 1, t, x, xx, xxx, both sums
    a, b = jet(inner, x), jet(other, x)
    short_a, short_b = summed(a), summed(b)
    for rule in (taylor.tanh, taylor.tanh_by_recursion):
        torch.testing.assert_close(rule(short_a, WITH_SUMS), summed(taylor.tanh(a, CHANNELS)))
    torch.testing.assert_close(taylor.multiply(short_a, short_b, WITH_SUMS), summed(taylor.multiply(a, b, CHANNELS)))
    for found, expected in zip(taylor.sin_cos(short_a, WITH_SUMS), taylor.sin_cos(a, CHANNELS), strict=True):
        torch.testing.assert_close(found, summed(expected))
    scale, shift = torch.tensor([3.0, 0.5], dtype=torch.float64), torch.tensor([0.2, -1.0], dtype=torch.float64)
    found, expected = (taylor.coordinates(x, scale, shift, channels) for channels in (WITH_SUMS, CHANNELS))
    torch.testing.assert_close(found, summed(expected))


def test_the_gradient_of_a_sum_by_hand_is_that_of_differences(seed):
    z = torch.randn(len(WITH_SUMS), 3, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda z: taylor.tanh(z, WITH_SUMS), z)


def test_coordinates_have_their_scale_as_slope(x):
    scale, shift = torch.tensor([3.0, 0.5], dtype=torch.float64), torch.tensor([0.2, -1.0], dtype=torch.float64)
    found = taylor.coordinates(x, scale, shift, CHANNELS)
    for column in range(2):
        expected = jet(lambda x, c=column: (x[:, c : c + 1] - shift[c]) * scale[c], x)
        torch.testing.assert_close(found[:, :, column : column + 1], expected)


def walls(x):
    t, place = x[:, :1], x[:, 1:]
    return torch.sin(3 * place).expand(-1, 2), torch.cat([t * (1 - place**2), t], dim=1)


@pytest.mark.parametrize("conditions", [None, walls], ids=["free", "conditions"])
def test_a_field_knows_its_derivatives(x, conditions):
    field = Field(["t", "x"], [0.0, -1.0], [2.0, 1.0], outputs=["u", "v"], hidden=[7, 5], conditions=conditions)
    names = [*NAMES, "v", "v_xx", "v_tx"]
    found, expected = field.derivatives(x, names), derivatives(field, x, names, "tx", "uv")
    assert list(found) == names
    for name in names:
        torch.testing.assert_close(found[name], expected[name], msg=name)


@pytest.mark.parametrize("conditions", [None, walls], ids=["free", "conditions"])
def test_a_field_knows_sums_of_its_derivatives(x, conditions):
    field = Field(["t", "x"], [0.0, -1.0], [2.0, 1.0], outputs=["u", "v"], hidden=[7, 5], conditions=conditions)
    sums = {"heat": {"v_t": 1.0, "v_xx": -0.5}, "u_x": {"u_x": 2.0, "u_xxx": -1.0}}
    found = field.derivatives(x, ["u", "v_x"], sums)
    each = derivatives(field, x, ["u", "v_x", "v_t", "v_xx", "u_x", "u_xxx"], "tx", "uv")
    assert list(found) == ["u", "v_x", "heat", "u_x"]
    torch.testing.assert_close(found["u"], each["u"])
    torch.testing.assert_close(found["v_x"], each["v_x"])
    torch.testing.assert_close(found["heat"], each["v_t"] - 0.5 * each["v_xx"])
    torch.testing.assert_close(found["u_x"], 2 * each["u_x"] - each["u_xxx"])


def test_weights_get_the_gradient_that_reverse_mode_gives(x):
    field = Field(["t", "x"], [0.0, -1.0], [1.0, 1.0], hidden=[6, 6], conditions=lambda x: (x[:, :1], x[:, 1:]))
    losses = [
        (found["u_t"] + found["u"] * found["u_x"] - found["u_xx"]).square().mean()
        for found in (field.derivatives(x, NAMES), derivatives(field, x, NAMES, "tx"))
    ]
    weights = [*field.parameters()]
    forward, backward = (torch.autograd.grad(loss, weights, materialize_grads=True) for loss in losses)
    for one, another in zip(forward, backward, strict=True):
        torch.testing.assert_close(one, another, rtol=1e-12, atol=1e-12)
