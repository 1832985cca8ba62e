import pytest
import torch
from e3nn import o3

from physml.networks.e3 import E3Network
from physml.networks.mlp import MLP

TOLERANCE = 1e-9


@pytest.fixture(autouse=True)
def _float64():
    # e3nn rounds its coupling coefficients to the default type when a network is built: .double() would come too late.
    torch.manual_seed(0)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def state(events=3, bodies=5):
    charge = torch.randint(2, (events, bodies, 1)) * 2.0 - 1
    return torch.cat([torch.randn(events, bodies, 6), charge], dim=-1)


def trained(network, steps=5):
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    x, y = state(20), torch.randn(20, 5, 3)
    for _ in range(steps):
        optimizer.zero_grad()
        (network(x) - y).square().mean().backward()
        optimizer.step()
    return network


def random_orthogonal(reflect):
    rotation = o3.rand_matrix()
    return -rotation if reflect else rotation


def turned(x, matrix):
    return torch.cat([x[..., :3] @ matrix.T, x[..., 3:6] @ matrix.T, x[..., 6:]], dim=-1)


def moved(x, shift):
    return torch.cat([x[..., :3] + shift, x[..., 3:]], dim=-1)


def violations(network):
    """Largest difference under each declared symmetry."""
    x, shift, order = state(), 3 * torch.randn(3), torch.randperm(5)
    with torch.no_grad():
        y = network(x)
        found = {
            "translation": network(moved(x, shift)) - (y + shift),
            "permutation": network(x[:, order]) - y[:, order],
        }
        for name, reflect in (("rotation", False), ("reflection", True)):
            matrix = random_orthogonal(reflect)
            found[name] = network(turned(x, matrix)) - y @ matrix.T
        found["charge conjugation"] = network(torch.cat([x[..., :6], -x[..., 6:]], dim=-1)) - y
    return {name: float(difference.abs().max()) for name, difference in found.items()}


NETWORKS = {
    "default": {},
    "degree 2": {"hidden": "8x0e + 4x1o + 2x2e", "harmonics": "1x0e + 1x1o + 1x2e", "layers": 2},
    "pseudovectors": {"hidden": "8x0e + 4x1o + 2x0o + 2x1e", "layers": 2},
}


@pytest.mark.parametrize("arguments", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize("train", [False, True], ids=["random", "trained"])
def test_symmetries(arguments, train):
    network = E3Network(**arguments)
    if train:
        trained(network)
    for name, violation in violations(network).items():
        assert violation < TOLERANCE, name


def test_output_depends_on_all_that_it_should():
    network, x = E3Network(), state()
    x.requires_grad_()
    gradient = torch.autograd.grad(network(x)[:, 0].square().sum(), x)[0]
    assert (gradient.abs().sum(0) > 0).all()


class _Preferred(E3Network):
    """Broken on purpose: gravity along z, and one body heavier than the others."""

    def forward(self, x):
        position = super().forward(x)
        position[..., 2] = position[..., 2] - 0.1 * position[..., 2] ** 2
        position[:, 0] = 0.9 * position[:, 0]
        return position


def test_a_broken_network_is_found_out():
    found = violations(_Preferred())
    assert min(found[name] for name in ("translation", "permutation", "rotation", "reflection")) > 1e-3


def test_the_plain_rival_has_none_of_the_symmetries():
    assert min(violations(MLP(in_shape=[5, 7], out_shape=[5, 3])).values()) > 1e-3


@pytest.mark.parametrize("bodies", [2, 3, 8])
def test_any_number_of_bodies(bodies):
    assert E3Network(layers=1)(state(2, bodies)).shape == (2, bodies, 3)


def test_errors_say_what_to_do():
    with pytest.raises(ValueError, match="add those missing"):
        E3Network(hidden="8x0e")
    with pytest.raises(ValueError, match="expected layers >= 1"):
        E3Network(layers=0)
    with pytest.raises(ValueError, match=r"expected x of shape \(events, bodies, 7\), got \(3, 6\)"):
        E3Network(layers=1)(torch.zeros(3, 6))


def test_one_body_alone_and_two_at_one_place():
    network = trained(E3Network(duration=1.0, layers=2, hidden="8x0e + 4x1o"))
    alone = state(bodies=1)
    assert network(alone).isfinite().all()
    together = state()
    together[:, 1, :3] = together[:, 0, :3]
    found = network(together)
    assert found.isfinite().all()
    found.sum().backward()
    assert all(weights.grad.isfinite().all() for weights in network.parameters() if weights.grad is not None)
