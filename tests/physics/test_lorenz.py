import numpy as np
import pytest
import torch

from physml.physics.lorenz import Lorenz, simulate


def test_the_fixed_points_rest():
    lorenz = Lorenz()
    a = (lorenz.beta * (lorenz.rho - 1)) ** 0.5
    rest = torch.tensor([[0, 0, 0], [a, a, lorenz.rho - 1], [-a, -a, lorenz.rho - 1]], dtype=torch.float64)
    assert lorenz.derivative(rest).abs().max() < 1e-13


def test_volumes_shrink_at_the_rate_of_the_trace():
    lorenz = Lorenz()
    slopes = torch.autograd.functional.jacobian(lorenz.derivative, torch.randn(3, dtype=torch.float64))
    assert slopes.trace().item() == pytest.approx(-(lorenz.sigma + 1 + lorenz.beta))


def test_the_terms_are_those_of_the_derivative(seed):
    state = torch.randn(7, 3, dtype=torch.float64)
    rate = sum(
        (state ** torch.tensor(powers)).prod(-1, keepdim=True) * torch.tensor(row, dtype=torch.float64)
        for powers, row in Lorenz(9.0, 20.0, 2.0).terms.items()
    )
    torch.testing.assert_close(rate, Lorenz(9.0, 20.0, 2.0).derivative(state))


def test_the_trajectory_follows_its_derivative():
    drawn = simulate(np.random.default_rng(0), steps=2000)
    x, v = drawn["x"], drawn["v"]
    slope = (8 * (x[3:-1] - x[1:-3]) - (x[4:] - x[:-4])) / 12e-3
    assert np.abs(slope - v[2:-2]).max() < 1e-6 * np.abs(v).max()


def test_the_noise_is_as_asked_for():
    drawn = simulate(np.random.default_rng(0), steps=5000, state_noise=0.1, derivative_noise=0.1)
    for name in ("x", "v"):
        assert (drawn[f"{name}_noisy"] - drawn[name]).std() == pytest.approx(0.1, rel=0.03)


def test_it_stays_on_its_attractor_and_forgets_its_start():
    near, nearer = (Lorenz().trajectory((-8.0, 8.0, 27.0 + shift), 0.01, 3000) for shift in (0.0, 1e-6))
    assert near.abs().max() < 50
    apart = (near - nearer).norm(dim=1)
    growth = np.polyfit(0.01 * np.arange(200, 1000), apart[200:1000].log().numpy(), 1)[0]
    assert growth == pytest.approx(0.906, abs=0.35)  # the largest Lyapunov exponent (Viswanath 2001)
