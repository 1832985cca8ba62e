import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import ks_1samp

from physml.physics import two_moons


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def density_by_quad(x, noise):
    """One point, adaptively: the reference."""
    total = 0.0
    for moon in (lambda a: (np.cos(a), np.sin(a)), lambda a: (1 - np.cos(a), 0.5 - np.sin(a))):

        def integrand(angle, moon=moon):
            centre = moon(angle)
            square = (x[0] - centre[0]) ** 2 + (x[1] - centre[1]) ** 2
            return np.exp(-square / (2 * noise**2)) / (2 * np.pi * noise**2)

        total += quad(integrand, 0, np.pi, points=np.linspace(0.2, 3, 15), epsabs=0, epsrel=1e-11, limit=200)[0]
    return total / (2 * np.pi)


@pytest.mark.parametrize("noise", [0.05, 0.1, 0.5])
def test_density_equals_adaptive_quadrature(rng, noise):
    drawn = two_moons.simulate(rng, 20, noise)
    expected = [np.log(density_by_quad(x, noise)) for x in drawn["x"]]
    np.testing.assert_allclose(two_moons.log_density(drawn["x"], noise), expected, atol=1e-9)
    np.testing.assert_array_equal(drawn["log_density"], two_moons.log_density(drawn["x"], noise))


@pytest.mark.parametrize("noise", [0.02, 0.1, 1.0])
def test_the_rule_has_enough_nodes(rng, noise, monkeypatch):
    x = two_moons.simulate(rng, 500, noise)["x"]
    coarse, rule = two_moons.log_density(x, noise), np.polynomial.legendre.leggauss
    monkeypatch.setattr(np.polynomial.legendre, "leggauss", lambda nodes: rule(3 * nodes))
    np.testing.assert_allclose(coarse, two_moons.log_density(x, noise), atol=1e-9)


def grid(columns=120, rows=80):
    axes = np.linspace(-2.2, 3.2, columns), np.linspace(-1.6, 2.1, rows)
    area = (axes[0][1] - axes[0][0]) * (axes[1][1] - axes[1][0])
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1), area


def test_density_integrates_to_one():
    x, area = grid()
    assert np.exp(two_moons.log_density(x)).sum() * area == pytest.approx(1, abs=1e-10)


def agreement(points):
    """Smallest p-value of Kolmogorov–Smirnov tests of both coordinates against the marginals of the density."""
    values = []
    for axis, resolution in ((0, (600, 80)), (1, (120, 400))):
        x, area = grid(*resolution)
        density = np.exp(two_moons.log_density(x)) * area
        places = x[:, 0, 0] if axis == 0 else x[0, :, 1]
        step = places[1] - places[0]
        cumulative = np.cumsum(density.sum(1 - axis))
        values.append(ks_1samp(points[:, axis], lambda u, p=places + step / 2, c=cumulative: np.interp(u, p, c)).pvalue)
    return min(values)


def test_sampler_follows_the_density(rng):
    points = two_moons.simulate(rng, 20000)["x"]
    assert agreement(points) > 0.01
    x, area = grid()
    log_density = two_moons.log_density(x)
    entropy = -(np.exp(log_density) * log_density).sum() * area
    values = -two_moons.log_density(points)
    assert abs(values.mean() - entropy) < 3 * values.std() / len(values) ** 0.5


def test_a_sampler_with_the_wrong_noise_is_found_out(rng):
    assert agreement(two_moons.simulate(rng, 20000, noise=0.15)["x"]) < 1e-6


def test_moons_are_where_scikit_learn_has_them(rng):
    drawn = two_moons.simulate(rng, 1000, noise=0.02)
    first, second = drawn["x"][drawn["k"] == 0], drawn["x"][drawn["k"] == 1]
    np.testing.assert_allclose(np.linalg.norm(first, axis=1), 1, atol=0.1)
    assert first[:, 1].min() > -0.1
    np.testing.assert_allclose(np.linalg.norm(second - [1, 0.5], axis=1), 1, atol=0.1)
    assert second[:, 1].max() < 0.6


def test_error_says_what_to_do():
    with pytest.raises(ValueError, match="noise > 0, got 0"):
        two_moons.log_density(np.zeros((1, 2)), 0)
