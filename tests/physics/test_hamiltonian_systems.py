"""Laws that hold for every system with canonical coordinates, and each one's own exact solutions."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from scipy.special import ellipj, ellipk

from physml.physics import gravity, pendulum, spring
from physml.physics.gravity import Gravity
from physml.physics.pendulum import Pendulum
from physml.physics.spring import Spring

ORBITS = torch.tensor(
    [[1.0, 0.2, -0.8, -0.1, 0.1, 0.45, -0.1, -0.5], [0.7, 0.7, -0.7, -0.7, -0.3, 0.35, 0.3, -0.2]], dtype=torch.float64
)
TRIANGLE = torch.tensor([[1.0, 0.0, -0.5, 0.9, -0.6, -0.8, 0.0, 0.7, -0.6, -0.4, 0.65, -0.35]], dtype=torch.float64)
PLANE = torch.tensor([[0.3, -0.8], [1.2, 0.5], [-2.0, 0.1]], dtype=torch.float64)
SYSTEMS = {
    "spring": (Spring(mass=0.5, stiffness=3.0), PLANE),
    "pendulum": (Pendulum(mass=0.7, length=1.3, gravity=5.0), PLANE),
    "two_bodies": (Gravity((1.0, 1.3), constant=1.2), ORBITS),
    "three_bodies": (Gravity((1.0, 1.3, 0.8), constant=1.2), TRIANGLE),
}
every_system = pytest.mark.parametrize("name", SYSTEMS)


def canonical(law, state):
    """Hamilton's equations from the energy, by autograd: the slow reference."""
    state = state.clone().requires_grad_()
    (slope,) = torch.autograd.grad(law.energy(state).sum(), state)
    by_coordinate, by_momentum = slope.chunk(2, dim=-1)
    return torch.cat([by_momentum, -by_coordinate], dim=-1)


@dataclass(frozen=True)
class WrongSign(Pendulum):
    """A pendulum that is pushed up."""

    def derivative(self, state):
        return super().derivative(state) * torch.tensor([1.0, -1.0])


@every_system
def test_the_derivative_is_that_of_the_energy(name):
    law, states = SYSTEMS[name]
    torch.testing.assert_close(law.derivative(states), canonical(law, states), rtol=1e-12, atol=1e-12)


def test_a_wrong_sign_is_noticed():
    law = WrongSign()
    assert (law.derivative(PLANE) - canonical(law, PLANE)).abs().max() > 0.1


@every_system
def test_the_trajectory_follows_the_derivative_and_keeps_the_energy(name):
    law, states = SYSTEMS[name]
    path = law.trajectory(states, 0.01, 200)
    assert path.shape == (len(states), 201, states.shape[1])
    torch.testing.assert_close(path[:, 0], states)
    slope = (8 * (path[:, 3:-1] - path[:, 1:-3]) - (path[:, 4:] - path[:, :-4])) / 0.12
    torch.testing.assert_close(slope, law.derivative(path[:, 2:-2]), rtol=0, atol=2e-6)
    assert (law.energy(path) - law.energy(states)[:, None]).abs().max() < 1e-8


@every_system
def test_the_residual_vanishes_for_the_trajectory_and_not_for_one_in_slow_motion(name):
    law, states = SYSTEMS[name]
    path = law.trajectory(states, 0.01, 40)[0]
    q = path[:, 0] if states.shape[1] == 2 else law.bodies(path)[0]
    q_tt = (-q[4:] + 16 * q[3:-1] - 30 * q[2:-2] + 16 * q[1:-3] - q[:-4]) / (12 * 0.01**2)
    assert law.residual(q[2:-2], q_tt).abs().max() < 1e-7
    assert law.residual(q[2:-2], 0.9 * q_tt).abs().max() > 0.02


def test_the_spring_swings_with_its_period_and_its_energy_is_the_square_of_the_radius():
    law = spring.PAPER
    period = float(law.period(PLANE[0]))
    assert period == pytest.approx(math.pi)
    torch.testing.assert_close(law.trajectory(PLANE, period, 1)[:, 1], PLANE)
    torch.testing.assert_close(law.trajectory(PLANE, period / 2, 1)[:, 1], -PLANE)
    torch.testing.assert_close(law.energy(PLANE), PLANE.square().sum(1))


@pytest.mark.parametrize("amplitude", [0.1, 1.5, 3.0])
def test_the_pendulum_follows_the_elliptic_functions_of_its_exact_solution(amplitude):
    law = Pendulum(mass=0.7, length=1.3, gravity=5.0)
    start = torch.tensor([amplitude, 0.0], dtype=torch.float64)
    m, omega = math.sin(amplitude / 2) ** 2, math.sqrt(5.0 / 1.3)
    period = 4 * ellipk(m) / omega
    assert float(law.period(start)) == pytest.approx(period)
    path = law.trajectory(start, period / 20, 40)
    sn, _, _, _ = ellipj(ellipk(m) - omega * period / 20 * np.arange(41), m)
    np.testing.assert_allclose(path[:, 0], 2 * np.arcsin(math.sqrt(m) * sn), atol=2e-6)


def test_a_pendulum_that_turns_over_has_no_period():
    law = pendulum.PAPER
    states = torch.tensor([[0.0, 2.44], [0.0, 2.46]], dtype=torch.float64)  # around the separatrix, p² = 6
    assert law.period(states).isnan().tolist() == [False, True]


def test_order_of_convergence_is_four():
    law = Pendulum()
    start = torch.tensor([2.0, 0.0], dtype=torch.float64)
    exact = law.trajectory(start, 3.0, 1, substeps=600)[-1]
    coarse, fine = (torch.dist(law.trajectory(start, 3.0, 1, substeps=n)[-1], exact) for n in (15, 30))
    assert math.log2(coarse / fine) == pytest.approx(4, abs=0.2)


@pytest.mark.parametrize(("masses", "states"), [((1.0, 1.3), ORBITS), ((1.0, 1.3, 0.8), TRIANGLE)])
def test_bodies_keep_their_momentum_and_angular_momentum(masses, states):
    law = Gravity(masses, constant=1.2)
    path = law.trajectory(states, 0.05, 60, substeps=5)
    total = gravity.momentum(path)
    torch.testing.assert_close(total, law.bodies(path)[1].sum(-2))
    torch.testing.assert_close(total, total[:, :1].expand_as(total), rtol=0, atol=1e-12)
    turn = gravity.angular_momentum(path)
    torch.testing.assert_close(turn, turn[:, :1].expand_as(turn), rtol=0, atol=1e-10)


def test_the_force_of_each_pair_is_that_of_newton():
    law = Gravity((2.0, 3.0), constant=0.5)
    q = torch.tensor([[0.0, 0.0], [3.0, 4.0]], dtype=torch.float64)
    expected = 0.5 * 2 * 3 / 25 * torch.tensor([[0.6, 0.8], [-0.6, -0.8]], dtype=torch.float64)
    torch.testing.assert_close(law.force(q), expected)


def test_two_bodies_come_back_after_their_period_wherever_their_centre_goes():
    law = Gravity((1.0, 1.3), constant=1.2)
    for start in ORBITS:
        drift = law.bodies(start)[1].sum(0) / sum(law.masses)
        period = float(law.period(start))
        q, _ = law.bodies(law.trajectory(start, period, 1, substeps=1500)[-1])
        torch.testing.assert_close(q, law.bodies(start)[0] + period * drift, rtol=0, atol=1e-6)
    with pytest.raises(ValueError, match="expected two bodies, got 3"):
        Gravity((1.0, 1.0, 1.0)).period(TRIANGLE)


def test_without_spread_two_bodies_circle():
    drawn = gravity.two_bodies(np.random.default_rng(0), count=20, steps=50, dt=0.4, spread=0.0)
    radius = np.linalg.norm(drawn["x"][..., :2], axis=-1)
    np.testing.assert_allclose(radius, np.broadcast_to(radius[:, :1], radius.shape), rtol=1e-5)
    period = Gravity().period(torch.from_numpy(drawn["x"][:, 0]))
    np.testing.assert_allclose(period, 4 * np.pi * radius[:, 0] ** 1.5, rtol=1e-12)


def test_without_spread_three_bodies_circle():
    drawn = gravity.three_bodies(np.random.default_rng(0), count=5, steps=10, dt=0.2, spread=0.0)
    radius = np.linalg.norm(drawn["x"][..., :6].reshape(5, 11, 3, 2), axis=-1)
    np.testing.assert_allclose(radius, np.broadcast_to(radius[:, :1, :1], radius.shape), rtol=1e-6)


def test_states_of_other_bodies_are_refused():
    with pytest.raises(ValueError, match="expected states of 3 bodies, 12 features, got 8"):
        Gravity((1.0, 1.0, 1.0)).energy(ORBITS)


@pytest.mark.parametrize(("module", "states", "noise"), [(spring, 30, 0.1), (pendulum, 45, 0.1)])
def test_the_set_ups_of_the_paper(module, states, noise):
    drawn = module.simulate(np.random.default_rng(1))
    again = module.simulate(np.random.default_rng(1))
    assert drawn["x"].shape == drawn["v"].shape == (50, states, 2)
    assert drawn["t"][-1] == pytest.approx(3.0)
    for name in drawn:
        np.testing.assert_array_equal(drawn[name], again[name])
    spread = (drawn["x_noisy"] - drawn["x"]).std()
    assert spread == pytest.approx(noise, rel=5 / (2 * drawn["x"].size) ** 0.5)
    x = torch.from_numpy(drawn["x"])
    np.testing.assert_array_equal(drawn["v"], module.PAPER.derivative(x))
    np.testing.assert_allclose(drawn["E"], np.broadcast_to(drawn["E"][:, :1], drawn["E"].shape), atol=1e-7)


def test_the_set_ups_of_the_bodies():
    for draw, bodies, until in ((gravity.two_bodies, 2, 20.0), (gravity.three_bodies, 3, 5.0)):
        drawn = draw(np.random.default_rng(1), count=3)
        assert drawn["x"].shape[::2] == (3, 4 * bodies)
        assert drawn["t"][-1] == pytest.approx(until)
        x = torch.from_numpy(drawn["x"])
        np.testing.assert_array_equal(drawn["v"], Gravity((1.0,) * bodies).derivative(x))
        np.testing.assert_allclose(drawn["E"], np.broadcast_to(drawn["E"][:, :1], drawn["E"].shape), atol=1e-4)
