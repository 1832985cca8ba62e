import numpy as np
import pytest
import torch
from torch import nn

from physml.constraints.conserved_by_motion import ConservedByMotion
from physml.networks.hamiltonian import Hamiltonian
from physml.ops.pair_invariants import pair_invariants
from physml.physics import gravity
from physml.physics.gravity import Gravity

LAW = Gravity((1.0, 1.0, 1.0))
QUANTITIES = {"energy": LAW.energy, "momentum": gravity.momentum, "angular momentum": gravity.angular_momentum}
every_quantity = pytest.mark.parametrize("name", QUANTITIES)


@pytest.fixture(scope="module")
def states():
    drawn = gravity.three_bodies(np.random.default_rng(0), count=4, steps=3)
    return torch.from_numpy(drawn["x"]).flatten(0, 1)


@every_quantity
def test_true_motion_costs_nothing_and_a_force_from_outside_does(states, name):
    law, true = ConservedByMotion(QUANTITIES[name]), LAW.derivative(states)
    assert law(true, states) < 1e-24
    pushed = true.clone()
    pushed[:, 6:] += torch.tensor([0.3, 0.0, 0.0, 0.0, 0.0, 0.1], dtype=torch.float64)
    assert law(pushed, states) > 1e-3


def test_forces_across_the_line_of_two_bodies_turn_them_without_a_change_of_momentum(states):
    true = LAW.derivative(states)
    q = states[:, :6].unflatten(-1, (3, 2))
    across = 0.1 * (q[:, 0] - q[:, 1]).flip(-1) * torch.tensor([-1.0, 1.0])
    turned = true.clone()
    turned[:, 6:8] += across
    turned[:, 8:10] -= across
    assert ConservedByMotion(gravity.momentum)(turned, states) < 1e-24
    torque = 0.1 * (q[:, 0] - q[:, 1]).square().sum(-1)
    expected = float((torque / 0.5).square().mean())
    assert float(ConservedByMotion(gravity.angular_momentum, scale=0.5)(turned, states)) == pytest.approx(expected)


@every_quantity
def test_a_rate_agrees_with_finite_differences_for_any_motion(states, name):
    motion = torch.randn(states.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    ahead, behind = (QUANTITIES[name](states + h * motion) for h in (1e-6, -1e-6))
    found = ConservedByMotion(QUANTITIES[name]).residual(motion, states)
    torch.testing.assert_close(found, (ahead - behind) / 2e-6, rtol=1e-6, atol=1e-6)


def test_any_energy_of_distances_conserves_momentum_and_angular_momentum_and_a_plain_one_does_not(states):
    torch.manual_seed(0)
    of_pairs, plain = Hamiltonian(12, [16], pair_invariants).double(), Hamiltonian(12, [16]).double()
    for name in ("momentum", "angular momentum"):
        law = ConservedByMotion(QUANTITIES[name])
        assert law(of_pairs(states), states) < 1e-24
        assert law(plain(states), states) > 1e-4


def test_it_is_learnt_from_and_computed_in_a_validation(states):
    law, network = ConservedByMotion(gravity.momentum), nn.Linear(12, 12).double()
    law(network(states), states).backward()
    assert network.weight.grad.abs().max() > 0
    with torch.inference_mode():
        x = states.clone()
        torch.testing.assert_close(law(network(x), x), law(network(states), states))


def test_what_it_cannot_use_is_refused_in_one_line():
    with pytest.raises(ValueError, match=r"expected a prediction of the shape of x, \(5, 12\), got \(5, 3, 12\)"):
        ConservedByMotion(gravity.momentum)(torch.zeros(5, 3, 12), torch.zeros(5, 12))
    with pytest.raises(ValueError, match="expected a scale > 0"):
        ConservedByMotion(gravity.momentum, scale=0.0)
