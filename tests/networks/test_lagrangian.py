"""The Lagrangian network: the true Lagrangian gives the true accelerations, and what any weights conserve."""

import pytest
import torch

from physml.networks.lagrangian import Lagrangian
from physml.ops.integrators import integrate
from physml.physics.double_pendulum import DoublePendulum

PENDULUM = DoublePendulum(mass_1=1.3, mass_2=0.7, length_1=0.8, length_2=1.1, gravity=9.81)


class Exact(Lagrangian):
    """The double pendulum's T − V = 2 T − (T + V)."""

    def lagrangian(self, x):
        theta, omega = x.chunk(2, dim=-1)
        return (omega * PENDULUM.momenta(theta, omega)).sum(-1) - PENDULUM.energy(theta, omega)


class WithoutMixed(Exact):
    """The Lagrangian of a double pendulum whose masses do not feel each other's velocities."""

    def lagrangian(self, x):
        theta, omega = x.chunk(2, dim=-1)
        return super().lagrangian(x) - omega.prod(-1) * torch.cos(theta[..., 0] - theta[..., 1])


def network():
    torch.manual_seed(1)
    return Lagrangian(features=4, hidden=[16]).double()


def states(count=6):
    torch.manual_seed(2)
    return torch.randn(count, 4, dtype=torch.float64)


def accelerations(x):
    """The double pendulum's, by central differences of its canonical trajectory."""
    theta, omega = x.chunk(2, dim=-1)
    h = 1e-3
    ahead, behind = (PENDULUM.trajectory(theta, omega, step, 1)[1][:, 1] for step in (h, -h))
    return (ahead - behind) / (2 * h)


def test_the_true_lagrangian_gives_the_accelerations_of_the_canonical_equations():
    x = states()
    found = Exact(features=4)(x)
    torch.testing.assert_close(found[:, :2], x[:, 2:])
    torch.testing.assert_close(found[:, 2:], accelerations(x), rtol=1e-4, atol=1e-4)
    assert (WithoutMixed(features=4)(x)[:, 2:] - accelerations(x)).abs().max() > 0.1


def test_the_true_energy_is_found():
    x = states()
    torch.testing.assert_close(Exact(features=4).energy(x), PENDULUM.energy(x[:, :2], x[:, 2:]))


def test_it_conserves_its_energy_whatever_the_weights():
    field = network()
    with torch.no_grad():
        path = integrate(field, states(), 0.2, 20, substeps=20)
    energy = field.energy(path).detach()
    torch.testing.assert_close(energy, energy[:, :1].expand_as(energy), rtol=0, atol=1e-6)
    assert (path[:, -1] - path[:, 0]).abs().min() > 1e-3


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_the_field_is_the_same_in_a_test_and_keeps_no_graph(mode):
    field, x = network(), states()
    expected = field(x).detach()
    with mode():
        found = field(x.clone())
        assert not found.requires_grad
    torch.testing.assert_close(found, expected)


def test_its_gradients_by_the_weights_are_right():
    field, x = network(), states()
    weight = field.network.layers[0].weight

    def loss():
        return field(x).square().mean()

    (slope,) = torch.autograd.grad(loss(), weight)
    step = torch.zeros_like(weight)
    step[3, 2] = 1e-6
    with torch.no_grad():
        weight += step
        above = loss()
        weight -= 2 * step
        below = loss()
    assert ((above - below) / 2e-6).item() == pytest.approx(slope[3, 2].item(), rel=1e-4)


def test_an_odd_number_of_features_is_refused():
    with pytest.raises(ValueError, match=r"expected an even number of features, .* got 3"):
        Lagrangian(features=3)
