import pytest
import torch

from physml.networks.embeddings import Chain, FourierFeatures, Mirrored, Periodic
from physml.networks.field import Field
from physml.ops.derivatives import derivatives
from physml.physics.burgers import odd_shock_conditions

NAMES = ["u", "u_t", "u_x", "u_xx", "u_tx", "u_xxx"]


def make(embedding, conditions=None):
    return Field(["t", "x"], [0.0, -1.0], [2.0, 3.0], hidden=[6, 5], embedding=embedding, conditions=conditions)


@pytest.fixture
def x(seed):
    return torch.tensor([2.0, 4.0]) * torch.rand(9, 2, dtype=torch.float64) - torch.tensor([0.0, 1.0])


@pytest.mark.parametrize(
    "embedding",
    [
        Mirrored(1),
        Mirrored(1, widths=[0.5, 2.0]),
        Periodic(1),
        Periodic(1, waves=3),
        Periodic(0, waves=2, even=True),
        FourierFeatures(2, 4, 0.7),
        Chain([Periodic(1, waves=2), Mirrored(0), FourierFeatures(5, 3)]),
    ],
    ids=["mirrored", "layer", "periodic", "waves", "even", "fourier", "chain"],
)
def test_derivatives_go_through(x, embedding):
    field = make(embedding)
    found, expected = field.derivatives(x, NAMES), derivatives(field, x, NAMES, "tx")
    for name in NAMES:
        torch.testing.assert_close(found[name], expected[name], msg=name)


def moved(x, place):
    return torch.stack([x[:, 0], place], dim=1)


def test_a_mirrored_field_is_even_about_the_middle_of_its_box(x):
    field = make(Mirrored(1, widths=[0.5]))
    torch.testing.assert_close(field(x), field(moved(x, 2 - x[:, 1])))
    assert (field(x) - field(moved(x, -x[:, 1]))).abs().max() > 1e-3


def test_odd_conditions_make_it_odd(x):
    field = Field(["t", "x"], [0.0, -1.0], [1.0, 1.0], embedding=Mirrored(1, [0.5]), conditions=odd_shock_conditions)
    x = moved(x, x[:, 1] / 3)
    torch.testing.assert_close(field(x), -field(moved(x, -x[:, 1])))
    start, middle, wall = (
        field(points) for points in (x * torch.tensor([0, 1]), moved(x, 0 * x[:, 1]), moved(x, 0 * x[:, 1] + 1))
    )
    torch.testing.assert_close(start[:, 0], -torch.sin(torch.pi * x[:, 1]))
    assert middle.abs().max() == 0
    assert wall.abs().max() < 1e-15


@pytest.mark.parametrize("waves", [1, 4])
def test_a_periodic_field_recurs_with_its_derivatives(x, waves):
    field, beyond = make(Periodic(1, waves)), moved(x, x[:, 1] + 4)
    for name in NAMES:
        torch.testing.assert_close(field.derivatives(x, [name]), field.derivatives(beyond, [name]))
    assert (field(x) - field(moved(x, x[:, 1] + 2))).abs().max() > 1e-3
    assert (field(x) - field(moved(x, 2 - x[:, 1]))).abs().max() > 1e-3


def test_without_sines_it_is_even_as_well(x):
    field = make(Periodic(1, 2, even=True))
    torch.testing.assert_close(field(x), field(moved(x, 2 - x[:, 1])))
    torch.testing.assert_close(field(x), field(moved(x, x[:, 1] + 4)))
    assert (field(x) - field(moved(x, x[:, 1] + 2))).abs().max() > 1e-3


def test_a_chain_holds_the_symmetries_of_all_its_links(x):
    field = make(Chain([Periodic(1, 2), Mirrored(0)]))
    torch.testing.assert_close(field(x), field(moved(x, x[:, 1] + 4)))
    torch.testing.assert_close(field(x), field(torch.stack([2 - x[:, 0], x[:, 1]], dim=1)))
    assert (field(x) - field(moved(x, 2 - x[:, 1]))).abs().max() > 1e-3


def test_random_waves_have_their_scale(seed):
    assert FourierFeatures(2, 5000, 3.0).matrix.std().item() == pytest.approx(3.0, rel=0.05)
