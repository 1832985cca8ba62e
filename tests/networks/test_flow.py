from functools import partial

import pytest
import torch
from scipy.stats import kstest

from physml.networks.flow import SplineFlow, autoregressive, coupling
from physml.networks.gaussian import Gaussian


@pytest.fixture(autouse=True)
def _float64():
    torch.manual_seed(0)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def roughened(network):
    """Weights far from where they begin, where flows are close to the identity."""
    with torch.no_grad():
        for weight in network.parameters():
            weight += 0.1 * torch.randn_like(weight)
    return network


def trained(network, steps=5):
    optimizer = torch.optim.Adam(network.parameters(), lr=5e-3)
    x = 0.7 * torch.randn(200, network.features) + 0.5
    for _ in range(steps):
        optimizer.zero_grad()
        (-network(x).mean()).backward()
        optimizer.step()
    return network


DENSITIES = {
    "coupling": lambda: SplineFlow(2, coupling, layers=3),
    "autoregressive": lambda: SplineFlow(2, autoregressive, layers=3),
    "coupling in three": lambda: SplineFlow(3, partial(coupling, bins=4, hidden=16), layers=3),
    "autoregressive in three": lambda: SplineFlow(3, partial(autoregressive, bins=4, hidden=16), layers=3),
    "gaussian": lambda: Gaussian(2),
}
every_density = pytest.mark.parametrize("make", DENSITIES.values(), ids=DENSITIES)
every_change = pytest.mark.parametrize("change", [roughened, trained])


def assert_inverts(network):
    x = 2 * torch.randn(100, network.features)
    z, forward = network.encode(x)
    back, backward = network.decode(z)
    torch.testing.assert_close(back, x, atol=1e-6, rtol=0)
    torch.testing.assert_close(backward, -forward, atol=1e-5, rtol=0)


def assert_log_determinant(network):
    x = 2 * torch.randn(20, network.features)
    matrices = torch.stack(
        [torch.autograd.functional.jacobian(lambda one: network.encode(one[None])[0][0], one) for one in x]
    )
    torch.testing.assert_close(network.encode(x)[1], torch.linalg.slogdet(matrices)[1], atol=1e-8, rtol=0)


def integral(network, points=300, reach=6.5):
    axis = torch.linspace(-reach, reach, points)
    x = torch.cartesian_prod(axis, axis)
    with torch.no_grad():
        return float(network(x).exp().sum() * (axis[1] - axis[0]) ** 2)


@every_density
@every_change
def test_inverts(make, change):
    assert_inverts(change(make()))


@every_density
@every_change
def test_log_determinant_equals_autograds(make, change):
    assert_log_determinant(change(make()))


@pytest.mark.parametrize("name", ["coupling", "autoregressive", "gaussian"])
def test_density_integrates_to_one(name):
    assert integral(trained(DENSITIES[name]())) == pytest.approx(1, abs=5e-3)


@pytest.mark.parametrize("name", ["coupling", "autoregressive", "gaussian"])
def test_samples_follow_the_density(name):
    # Encoded samples of the density must be standard normal; the density's own integral is tested above.
    network = trained(DENSITIES[name]())
    x = network.sample(5000, torch.Generator().manual_seed(1))
    z = network.encode(x)[0].detach()
    assert all(kstest(column.numpy(), "norm").pvalue > 1e-3 for column in z.T)
    assert torch.equal(x, network.sample(5000, torch.Generator().manual_seed(1)))


class _Broken(SplineFlow):
    """Broken on purpose: stretches z without telling the determinant."""

    def encode(self, x):
        z, log_determinant = super().encode(x)
        return 1.1 * z, log_determinant


def test_a_broken_flow_is_found_out():
    network = trained(_Broken(2, coupling, layers=2))
    with pytest.raises(AssertionError):
        assert_inverts(network)
    with pytest.raises(AssertionError):
        assert_log_determinant(network)
    assert abs(integral(network) - 1) > 0.1


def test_layers_reach_every_feature():
    for transform in (coupling, autoregressive):
        network = roughened(SplineFlow(3, transform, layers=3))
        x = torch.randn(10, 3, requires_grad=True)
        gradient = torch.autograd.grad(network.encode(x)[0][:, 0].sum(), x)[0]
        assert (gradient.abs().sum(0) > 0).all()


def test_errors_say_what_to_do():
    with pytest.raises(ValueError, match="use physml"):
        SplineFlow(1, coupling)
    with pytest.raises(ValueError, match="expected layers >= 1"):
        SplineFlow(2, coupling, layers=0)
    with pytest.raises(ValueError, match=r"expected x of shape \(events, 2\), got \(3, 4\)"):
        SplineFlow(2, coupling)(torch.zeros(3, 4))
