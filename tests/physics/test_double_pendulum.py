import math
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from physml.ops.integrators import gauss_legendre_step, integrate, runge_kutta_step
from physml.physics.double_pendulum import (
    AngularStates,
    DoublePendulum,
    Energy,
    angular_states,
    decode,
    encode,
    simulate,
)

GENERAL = DoublePendulum(mass_1=1.3, mass_2=0.7, length_1=0.8, length_2=1.1, gravity=9.81)


@dataclass(frozen=True)
class WrongSign(DoublePendulum):
    """The coupling force on the lower mass has the wrong sign."""

    def derivative(self, canonical):
        right = super().derivative(canonical)
        theta, omega = canonical[..., :2], right[..., :2]
        coupling = (
            self.mass_2 * self.length_1 * self.length_2 * omega.prod(-1) * torch.sin(theta[..., 0] - theta[..., 1])
        )
        return right - torch.stack([torch.zeros_like(coupling)] * 3 + [2 * coupling], dim=-1)


def states(count=20, angle=3.0, velocity=2.0):
    rng = np.random.default_rng(3)
    return torch.from_numpy(rng.uniform(-angle, angle, (count, 2))), torch.from_numpy(
        rng.uniform(-velocity, velocity, (count, 2))
    )


def energy_drift(pendulum, step=runge_kutta_step, substeps=80, time=5.0):
    theta, omega = states(angle=2.0, velocity=1.0)
    start = torch.cat([theta, pendulum.momenta(theta, omega)], dim=-1)
    end = integrate(pendulum.derivative, start, time, 1, step=step, substeps=int(substeps * time))[:, -1]
    final = pendulum.energy(end[:, :2], pendulum.velocities(end[:, :2], end[:, 2:]))
    return (final - pendulum.energy(theta, omega)).abs().max().item()


def acceleration(pendulum, theta, omega):
    """Textbook equation of motion in (θ, ω), solved as a 2 × 2 linear system: the slow reference."""
    out = []
    for (t1, t2), (w1, w2) in zip(theta.tolist(), omega.tolist(), strict=True):
        m1, m2, l1, l2, g = (
            pendulum.mass_1, pendulum.mass_2, pendulum.length_1, pendulum.length_2, pendulum.gravity,
        )  # fmt: skip
        matrix = [
            [(m1 + m2) * l1, m2 * l2 * math.cos(t1 - t2)],
            [l1 * math.cos(t1 - t2), l2],
        ]
        force = [
            -m2 * l2 * w2**2 * math.sin(t1 - t2) - (m1 + m2) * g * math.sin(t1),
            l1 * w1**2 * math.sin(t1 - t2) - g * math.sin(t2),
        ]
        out.append(np.linalg.solve(matrix, force))
    return torch.tensor(np.array(out))


@pytest.mark.parametrize("pendulum", [DoublePendulum(), GENERAL])
def test_hamilton_agrees_with_the_textbook_acceleration(pendulum):
    theta, omega = states()
    h = 1e-4
    path_theta, path_omega = pendulum.trajectory(theta, omega, h, 1)
    back_theta, back_omega = pendulum.trajectory(theta, omega, -h, 1)
    torch.testing.assert_close((path_theta - back_theta)[:, 1] / (2 * h), omega, rtol=1e-5, atol=1e-5)
    expected = acceleration(pendulum, theta, omega)
    torch.testing.assert_close((path_omega - back_omega)[:, 1] / (2 * h), expected, rtol=1e-4, atol=1e-4)


def test_hamilton_is_the_symplectic_gradient_of_the_energy():
    theta, omega = states()
    canonical = torch.cat([theta, GENERAL.momenta(theta, omega)], dim=-1).requires_grad_()
    energy = GENERAL.energy(canonical[:, :2], GENERAL.velocities(canonical[:, :2], canonical[:, 2:]))
    (gradient,) = torch.autograd.grad(energy.sum(), canonical)
    expected = torch.cat([gradient[:, 2:], -gradient[:, :2]], dim=-1)
    torch.testing.assert_close(GENERAL.derivative(canonical), expected, rtol=1e-10, atol=1e-10)


def test_energy_agrees_with_that_of_the_point_masses():
    theta, omega = states()
    h = 1e-6
    tips = GENERAL.tips(theta)
    speed = ((GENERAL.tips(theta + h * omega) - GENERAL.tips(theta - h * omega)) / (2 * h)).square().sum(-1)
    masses = torch.tensor([GENERAL.mass_1, GENERAL.mass_2], dtype=torch.float64)
    height = tips[..., 1] + torch.tensor([GENERAL.length_1, GENERAL.length_1 + GENERAL.length_2], dtype=torch.float64)
    expected = (masses * (speed / 2 + GENERAL.gravity * height)).sum(-1)
    torch.testing.assert_close(GENERAL.energy(theta, omega), expected, rtol=1e-6, atol=1e-6)


def test_energy_is_conserved():
    assert energy_drift(DoublePendulum()) < 1e-5


def test_a_wrong_sign_breaks_the_conservation_of_energy():
    assert energy_drift(WrongSign()) > 0.1


@pytest.mark.parametrize("step", [runge_kutta_step, gauss_legendre_step])
def test_energy_drift_falls_with_the_order_of_the_integrator(step):
    coarse, fine = (energy_drift(DoublePendulum(), step, substeps, time=2.0) for substeps in (20, 40))
    assert math.log2(coarse / fine) > 3.7


@pytest.mark.parametrize("sign", [-1, 1])
def test_small_swings_have_the_normal_mode_frequencies(sign):
    # m = l: ω² = (2 ± √2) g/l, with amplitudes θ₂/θ₁ = ∓√2
    frequency = math.sqrt((2 + sign * math.sqrt(2)) * 9.81 / 0.5)
    pendulum = DoublePendulum(length_1=0.5, length_2=0.5, gravity=9.81)
    mode = 1e-4 * torch.tensor([1.0, -sign * math.sqrt(2)], dtype=torch.float64)
    theta, _ = pendulum.trajectory(mode, torch.zeros_like(mode), 0.01, 400)
    t = 0.01 * torch.arange(401, dtype=torch.float64)
    torch.testing.assert_close(theta, mode * torch.cos(frequency * t)[:, None], rtol=0, atol=1e-9)


def test_reversed_velocities_run_the_motion_back():
    theta, omega = states(angle=1.5, velocity=0.5)
    there = DoublePendulum().trajectory(theta, omega, 0.2, 25)
    back = DoublePendulum().trajectory(there[0][:, -1], -there[1][:, -1], 0.2, 25)
    torch.testing.assert_close(back[0].flip(1), there[0], rtol=0, atol=1e-5)
    torch.testing.assert_close(-back[1].flip(1), there[1], rtol=0, atol=1e-5)


def test_mirror_image_of_a_motion_is_a_motion():
    theta, omega = states(angle=1.5)
    there = DoublePendulum().trajectory(theta, omega, 0.2, 10)
    mirrored = DoublePendulum().trajectory(-theta, -omega, 0.2, 10)
    torch.testing.assert_close(mirrored[0], -there[0], rtol=0, atol=1e-10)


def test_simulate_is_reproducible_and_keeps_its_energy():
    first, second = (simulate(np.random.default_rng(1), count=8, steps=100) for _ in range(2))
    assert first["theta"].shape == first["omega"].shape == (8, 101, 2)
    assert first["t"].shape == (101,)
    assert first["t"][-1] == pytest.approx(20.0)
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])
    assert np.abs(first["E"] - first["E"][:, :1]).max() < 1e-4


def test_decode_inverts_encode_whatever_the_radius():
    theta, omega = states()
    state = encode(theta, omega)
    torch.testing.assert_close(decode(state), (theta, omega))
    state[:, :4] *= 0.7
    torch.testing.assert_close(decode(state), (theta, omega))
    torch.testing.assert_close(Energy()(state), DoublePendulum().energy(theta, omega))


def test_energy_refuses_other_states():
    with pytest.raises(ValueError, match="expected states of 6 features"):
        Energy()(torch.zeros(3, 4))


@pytest.mark.parametrize("pendulum", [DoublePendulum(), GENERAL])
def test_the_acceleration_is_that_of_the_textbook(pendulum):
    theta, omega = states()
    torch.testing.assert_close(pendulum.acceleration(theta, omega), acceleration(pendulum, theta, omega))


def test_states_of_angles_and_velocities_follow_their_derivative_and_keep_their_energy():
    law = AngularStates(GENERAL)
    start = torch.cat(states(angle=2.0, velocity=1.0), dim=-1)
    path = law.trajectory(start, 0.005, 8)
    torch.testing.assert_close(path[:, 0], start)
    slope = (8 * (path[:, 5] - path[:, 3]) - (path[:, 6] - path[:, 2])) / 0.06
    torch.testing.assert_close(slope, law.derivative(path[:, 4]), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(law.energy(path), law.energy(start)[:, None].expand(-1, 9), rtol=1e-6, atol=1e-6)
    assert (law.energy(start) - GENERAL.energy(start[:, :2], start[:, 2:])).abs().max() == 0


def test_the_default_starts_cannot_turn_a_rod_over():
    drawn = angular_states(np.random.default_rng(0), count=400, steps=1, noise=0.1)
    assert drawn["x"].shape == drawn["v"].shape == (400, 2, 4)
    assert 1.5 < drawn["E"].max() < 2  # the lower rod upright over the upper one hanging has 2 m g l
    corners = torch.tensor([[1.0, s, 0.4, r] for s in (-1.0, 1.0) for r in (-0.4, 0.4)], dtype=torch.float64)
    assert AngularStates().energy(corners).max() < 2
    np.testing.assert_allclose((drawn["x_noisy"] - drawn["x"]).std(), 0.1, rtol=0.05)


@pytest.mark.parametrize("name", ["count", "steps", "dt", "noise", "angle", "velocity"])
def test_numbers_out_of_bounds_are_refused(name):
    with pytest.raises(ValueError, match=f"expected {name} >.* got -1: raise it"):
        angular_states(np.random.default_rng(1), **{name: -1})


def test_a_state_by_itself_is_a_trajectory():
    assert angular_states(np.random.default_rng(1), count=3, steps=0)["x"].shape == (3, 1, 4)
