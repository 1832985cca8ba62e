import math

import pytest
import torch

from physml.ops.integrators import gauss_legendre_step, integrate, runge_kutta_step

STEPS = [runge_kutta_step, gauss_legendre_step]


def pendulum(state):
    """The nonlinear pendulum, q'' = -sin q, in canonical coordinates."""
    return torch.stack([state[..., 1], -torch.sin(state[..., 0])], dim=-1)


def energy(state):
    return state[..., 1] ** 2 / 2 - torch.cos(state[..., 0])


def euler_step(derivative, state, dt):
    return state + dt * derivative(state)


def order(step):
    """Observed order of convergence at t = 2, from steps small enough to be asymptotic and far from rounding."""
    start = torch.tensor([1.2, 0.4], dtype=torch.float64)
    exact = integrate(pendulum, start, 2.0, 1, step=runge_kutta_step, substeps=2000)[-1]
    coarse, fine = (torch.dist(integrate(pendulum, start, 2.0, 1, step=step, substeps=n)[-1], exact) for n in (20, 40))
    return math.log2(coarse / fine)


@pytest.mark.parametrize("step", STEPS)
def test_order_of_convergence_is_four(step):
    assert order(step) == pytest.approx(4, abs=0.25)


def test_order_test_notices_a_worse_integrator():
    assert order(euler_step) == pytest.approx(1, abs=0.25)


@pytest.mark.parametrize("step", STEPS)
def test_harmonic_oscillator_follows_its_exact_solution(step):
    start = torch.tensor([[1.0, 0.0], [0.0, 2.0]], dtype=torch.float64)
    path = integrate(lambda z: torch.stack([z[..., 1], -z[..., 0]], -1), start, 0.1, 30, step=step, substeps=8)
    t = 0.1 * torch.arange(31, dtype=torch.float64)
    assert path.shape == (2, 31, 2)
    torch.testing.assert_close(path[0, :, 0], torch.cos(t), rtol=0, atol=1e-7)
    torch.testing.assert_close(path[1, :, 0], 2 * torch.sin(t), rtol=0, atol=1e-7)


def test_gauss_legendre_is_symmetric_in_time_and_runge_kutta_is_not():
    start = torch.tensor([1.2, 0.4], dtype=torch.float64)

    def there_and_back(step):
        return torch.dist(step(pendulum, step(pendulum, start, 0.5), -0.5), start)

    assert there_and_back(gauss_legendre_step) < 1e-12
    assert there_and_back(runge_kutta_step) > 1e-8


def test_gauss_legendre_is_symplectic_and_runge_kutta_is_not():
    start = torch.tensor([1.2, 0.4], dtype=torch.float64)
    J = torch.tensor([[0.0, 1.0], [-1.0, 0.0]], dtype=torch.float64)

    def defect(step):
        D = torch.autograd.functional.jacobian(lambda z: step(pendulum, z, 0.5), start)
        return torch.dist(D.T @ J @ D, J)

    assert defect(gauss_legendre_step) < 1e-12
    assert defect(runge_kutta_step) > 1e-6


def test_energy_error_of_gauss_legendre_is_bounded_and_that_of_runge_kutta_grows():
    start = torch.tensor([2.5, 0.0], dtype=torch.float64)

    def drift(step):
        error = (energy(integrate(pendulum, start, 0.4, 1600, step=step)) - energy(start)).abs()
        return error[800:].max() / error[:400].max()

    assert drift(gauss_legendre_step) < 1.1
    assert drift(runge_kutta_step) > 2


def test_negative_steps_go_back():
    start = torch.tensor([1.2, 0.4], dtype=torch.float64)
    forward = integrate(pendulum, start, 0.1, 10)
    back = integrate(pendulum, forward[-1], -0.1, 10)
    torch.testing.assert_close(back.flip(0), forward, rtol=0, atol=1e-6)


def test_a_step_too_long_for_the_implicit_method_is_refused_in_one_line():
    with pytest.raises(ValueError, match=r"lower dt$") as error:
        gauss_legendre_step(pendulum, torch.tensor([1.2, 0.4], dtype=torch.float64), 50.0)
    assert "\n" not in str(error.value)
