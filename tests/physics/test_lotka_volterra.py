import math

import numpy as np
import pytest
import torch

from physml.ops.integrators import integrate
from physml.physics.lotka_volterra import LotkaVolterra, simulate

LAW = LotkaVolterra(alpha=1.3, beta=0.9, gamma=0.8, delta=1.8)
START = torch.tensor([[0.4, 4.6], [1.0, 0.5]], dtype=torch.float64)


def test_the_derivative_is_that_of_the_textbook():
    (x, y), (x_t, y_t) = START.T, LAW.derivative(START).T
    torch.testing.assert_close(x_t, 1.3 * x - 0.9 * x * y)
    torch.testing.assert_close(y_t, 1.8 * x * y - 0.8 * y)
    assert LAW.residual(x, y, x_t, y_t).abs().max() < 1e-14
    assert LAW.residual(x, y, x_t, 1.1 * y_t).abs().max() > 0.01


def test_the_logarithms_obey_the_canonical_equations_of_the_conserved_quantity():
    logarithms = START.log().requires_grad_()
    (slope,) = torch.autograd.grad(LAW.energy(logarithms.exp()).sum(), logarithms)
    p_t, q_t = (LAW.derivative(START) / START).T  # p = ln x and q = ln y
    torch.testing.assert_close(q_t, slope[:, 0])
    torch.testing.assert_close(p_t, -slope[:, 1])


def test_the_trajectory_is_that_of_another_integrator_and_keeps_the_conserved_quantity():
    path = LAW.trajectory(START, 0.1, 100)
    torch.testing.assert_close(path, integrate(LAW.derivative, START, 0.1, 100, substeps=100), rtol=1e-5, atol=1e-5)
    assert (LAW.energy(path) - LAW.energy(START)[:, None]).abs().max() < 1e-5


def test_order_of_convergence_is_four():
    exact = LAW.trajectory(START, 2.0, 1, substeps=800)[:, -1]
    coarse, fine = (torch.dist(LAW.trajectory(START, 2.0, 1, substeps=n)[:, -1], exact) for n in (25, 50))
    assert math.log2(coarse / fine) == pytest.approx(4, abs=0.2)


def test_the_equilibrium_rests_and_small_oscillations_have_their_period():
    rest = torch.tensor([0.8 / 1.8, 1.3 / 0.9], dtype=torch.float64)
    assert LAW.derivative(rest).abs().max() < 1e-15
    period = 2 * math.pi / math.sqrt(1.3 * 0.8)
    start = rest * torch.tensor([1 + 1e-5, 1.0])
    half, whole = LAW.trajectory(start, period / 2, 2)[1:] - rest
    torch.testing.assert_close(whole, start - rest, rtol=0, atol=1e-9)
    torch.testing.assert_close(half, rest - start, rtol=0, atol=1e-9)


def test_over_a_hundred_periods_the_conserved_quantity_does_not_drift():
    error = (LAW.energy(LAW.trajectory(START[1], 6.0, 100, substeps=60)) - LAW.energy(START[1])).abs()
    assert error[50:].max() < 1.5 * error[1:50].max() < 1e-4


def test_simulate_is_reproducible_and_noisy_as_asked_for():
    first, second = (simulate(np.random.default_rng(1), count=20, noise=0.1) for _ in range(2))
    assert first["x"].shape == first["v"].shape == (20, 101, 2)
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])
    assert (first["x_noisy"] - first["x"]).std() == pytest.approx(0.1, rel=5 / (2 * first["x"].size) ** 0.5)
    start = first["x"][:, 0]
    assert start.min() >= 0.5
    assert start.max() <= 2.0
    np.testing.assert_array_equal(first["v"], LotkaVolterra().derivative(torch.from_numpy(first["x"])))
