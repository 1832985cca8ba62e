import numpy as np
import pytest
import torch

from physml.physics.lorenz import Lorenz
from physml.physics.spatial_modes import field, field_rate, modes, simulate, states


def test_the_modes_are_legendre_polynomials():
    x = torch.linspace(-1, 1, 5, dtype=torch.float64)
    expected = [x**0, x, (3 * x**2 - 1) / 2, (5 * x**3 - 3 * x) / 2]
    torch.testing.assert_close(modes(5)[:4], torch.stack(expected))
    assert modes(128).shape == (6, 128)


def test_a_field_is_linear_and_cubic_in_the_states(seed):
    z, p = torch.randn(7, 3, dtype=torch.float64), modes(128)
    expected = sum(z[:, i, None] * p[i] + z[:, i, None] ** 3 * p[i + 3] for i in range(3))
    torch.testing.assert_close(field(z, 128), expected)
    torch.testing.assert_close(states(field(z, 128)), z)


def test_the_rate_is_the_derivative_of_the_field(seed):
    z, z_rate = torch.randn(7, 3, dtype=torch.float64), torch.randn(7, 3, dtype=torch.float64)
    _, expected = torch.func.jvp(lambda states: field(states, 128), (z,), (z_rate,))
    torch.testing.assert_close(field_rate(z, z_rate, 128), expected)


def test_trajectories_obey_the_law_in_units_of_forty():
    lorenz = Lorenz()
    drawn = simulate(np.random.default_rng(1), 20, law=lorenz, steps=20, noise=0.0)
    z = torch.from_numpy(drawn["z"])
    torch.testing.assert_close(torch.from_numpy(drawn["z_rate"]), lorenz.derivative(40 * z) / 40)
    start = tuple((40 * z[0, 0]).tolist())
    torch.testing.assert_close(40 * z[0], lorenz.trajectory(start, 0.02, 20), rtol=1e-5, atol=1e-5)
    assert np.array_equal(drawn["x"], drawn["x_noisy"])


def test_starts_fill_their_box_and_the_noise_is_as_asked_for():
    drawn = simulate(np.random.default_rng(1), 2000, law=Lorenz(), steps=0, points=16, noise=0.1)
    start = 40 * drawn["z"][:, 0]
    for number, (centre, half) in enumerate([(0, 36), (0, 48), (25, 41)]):
        assert start[:, number].min() == pytest.approx(centre - half, abs=0.02 * half)
        assert start[:, number].mean() == pytest.approx(centre, abs=0.05 * half)
        assert start[:, number].max() == pytest.approx(centre + half, abs=0.02 * half)
    for name in ("x", "v"):
        assert (drawn[f"{name}_noisy"] - drawn[name]).std() == pytest.approx(0.1, rel=0.02)
