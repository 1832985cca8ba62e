"""The Hamiltonian network's canonical structure, which its weights cannot break."""

import pytest
import torch
from torch import nn

from physml.networks.hamiltonian import Hamiltonian
from physml.ops.integrators import gauss_legendre_step, integrate
from physml.ops.pair_invariants import pair_invariants

J = torch.tensor([[0, 0, 1, 0], [0, 0, 0, 1], [-1, 0, 0, 0], [0, -1, 0, 0]], dtype=torch.float64)


class WrongSign(Hamiltonian):
    """q̇ = ∂H/∂p and ṗ = +∂H/∂q."""

    def forward(self, x):
        return super().forward(x) * torch.tensor([1, 1, -1, -1])


def network(kind=Hamiltonian):
    torch.manual_seed(1)
    return kind(features=4, hidden=[16, 16]).double()


def asymmetry(field):
    """How far J ∂f/∂x is from symmetric, as it is where f is a Hamiltonian's."""
    slopes = torch.autograd.functional.jacobian(field, torch.randn(4, dtype=torch.float64))
    return (J @ slopes - (J @ slopes).T).abs().max()


def test_the_field_is_the_symplectic_gradient_of_the_energy_by_finite_differences():
    field, h = network(), 1e-5
    x = torch.randn(6, 4, dtype=torch.float64)
    slopes = [(field.energy(x + h * e) - field.energy(x - h * e)) / (2 * h) for e in torch.eye(4, dtype=torch.float64)]
    expected = torch.stack([slopes[2], slopes[3], -slopes[0], -slopes[1]], dim=-1)
    torch.testing.assert_close(field(x), expected, rtol=0, atol=1e-8)


def test_it_is_hamiltonian_whatever_the_weights_and_a_wrong_sign_is_noticed():
    assert asymmetry(network()) < 1e-12
    assert asymmetry(network(WrongSign)) > 1e-2


def test_it_conserves_its_energy_and_the_volume_of_phase_space():
    field = network()
    start = torch.randn(3, 4, dtype=torch.float64)
    energy = field.energy(integrate(field, start, 0.5, 40, gauss_legendre_step, 5)).detach()
    torch.testing.assert_close(energy, energy[:, :1].expand_as(energy), rtol=0, atol=1e-8)
    assert energy.std(0).min() > 1e-3  # the starts' differ
    slopes = torch.autograd.functional.jacobian(field, start[0])
    assert abs(slopes.trace()) < 1e-12


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_the_field_is_the_same_in_a_test_and_keeps_no_graph(mode):
    field, x = network(), torch.randn(5, 4, dtype=torch.float64)
    expected = field(x).detach()
    with mode():
        found = field(x.clone())
        assert not found.requires_grad
    torch.testing.assert_close(found, expected)


def test_its_gradients_by_the_weights_are_right():
    field, x, y = network(), torch.randn(5, 4, dtype=torch.float64), torch.randn(5, 4, dtype=torch.float64)

    def loss():
        return (field(x) - y).square().mean()

    weight = field.network.layers[0].weight
    (slope,) = torch.autograd.grad(loss(), weight)
    step = torch.zeros_like(weight)
    step[3, 1] = 1e-6
    with torch.no_grad():
        weight += step
        above = loss()
        weight -= 2 * step
        below = loss()
    assert ((above - below) / 2e-6).item() == pytest.approx(slope[3, 1].item(), rel=1e-5)


def test_it_starts_orthogonal_and_keeps_leading_dimensions():
    field = network()
    middle = [layer for layer in field.network.modules() if isinstance(layer, nn.Linear)][1].weight
    torch.testing.assert_close(middle @ middle.T, torch.eye(16, dtype=torch.float64), rtol=0, atol=1e-6)
    assert field(torch.randn(3, 7, 4, dtype=torch.float64)).shape == (3, 7, 4)


def test_an_energy_of_parts_is_their_sum():
    torch.manual_seed(1)
    field = Hamiltonian(12, [16], pair_invariants).double()
    x = torch.randn(5, 12, dtype=torch.float64)
    parts = pair_invariants(x).unbind(-2)
    torch.testing.assert_close(field.energy(x), sum(field.network(part) for part in parts))


def test_an_odd_number_of_features_is_refused():
    with pytest.raises(ValueError, match=r"expected an even number of features, .* got 3"):
        Hamiltonian(features=3)
