import numpy as np
import pytest
from scipy import integrate, stats

from physml.physics.shower import (
    Material,
    contained_fraction,
    electromagnetic_fraction,
    electromagnetic_maximum,
    electromagnetic_shape,
    radial_parameters,
    sample_longitudinal,
    sample_pion_spots,
    sample_radius,
)

TUNGSTEN = Material()


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_longitudinal_fluctuations_follow_the_parametrisation(rng):
    energy = np.full(40_000, 30.0)
    shape, maximum = sample_longitudinal(rng, energy, TUNGSTEN)
    log_y = np.log(30.0 / TUNGSTEN.critical_energy)
    log_t, log_a = np.log(maximum), np.log(shape)
    assert log_t.mean() == pytest.approx(np.log(electromagnetic_maximum(30.0, TUNGSTEN)), abs=4e-3)
    assert log_a.mean() == pytest.approx(np.log(electromagnetic_shape(30.0, TUNGSTEN)), abs=4e-3)
    assert log_t.std() == pytest.approx(1 / (-1.4 + 1.26 * log_y), rel=0.02)
    assert log_a.std() == pytest.approx(1 / (-0.58 + 0.86 * log_y), rel=0.02)
    assert np.corrcoef(log_t, log_a)[0, 1] == pytest.approx(0.705 - 0.023 * log_y, abs=0.02)


@pytest.mark.parametrize("energy", [5.0, 50.0])
def test_the_mean_profile_peaks_at_the_logarithm_of_the_energy(rng, energy):
    shape, maximum = sample_longitudinal(rng, np.full(2000, energy), TUNGSTEN)
    depth = np.linspace(0.05, 25, 500)
    profile = stats.gamma.pdf(depth, shape[:, None], scale=(maximum / (shape - 1))[:, None]).mean(0)
    # Rossi's maximum for electrons, ln y − 0.5 to − 1, and the parametrisation's −0.812.
    assert depth[profile.argmax()] == pytest.approx(np.log(energy / TUNGSTEN.critical_energy) - 0.812, abs=0.5)


@pytest.mark.parametrize("tau", [0.2, 1.0, 2.0])
def test_radial_containment_is_the_integral_of_the_density(tau):
    p, core, tail = radial_parameters(20.0, tau, TUNGSTEN)
    assert 0 < p < 1
    assert 0 < core < tail

    def density(r):
        return p * 2 * r * core**2 / (r**2 + core**2) ** 2 + (1 - p) * 2 * r * tail**2 / (r**2 + tail**2) ** 2

    for radius in (0.1, 1.0, 5.0):
        assert contained_fraction(radius, p, core, tail) == pytest.approx(integrate.quad(density, 0, radius)[0])


def test_about_nine_tenths_lie_within_one_moliere_radius():
    # What defines the Molière radius; near the shower's maximum the parametrisation holds slightly more.
    assert 0.85 < contained_fraction(1.0, *radial_parameters(20.0, 1.0, TUNGSTEN)) < 0.97


def test_sampled_radii_have_the_analytic_containment(rng):
    p, core, tail = 0.7, 0.1, 0.8
    radii = sample_radius(rng, *np.broadcast_arrays(p, core, np.full(20_000, tail)))
    assert stats.kstest(radii, lambda r: contained_fraction(r, p, core, tail)).pvalue > 1e-3
    # Exchanged weights of core and tail are another distribution.
    assert stats.kstest(radii, lambda r: contained_fraction(r, 1 - p, core, tail)).pvalue < 1e-6


def test_energy_is_linear_and_fluctuates_as_the_sampling_term_says(rng):
    for energy in (10.0, 40.0, 90.0):
        n, a = 2000, 0.3
        shower, _ = sample_pion_spots(rng, np.full(n, energy), sampling_term=a)
        visible = np.bincount(shower, minlength=n) * a**2
        resolution = visible.std() / visible.mean()
        assert visible.mean() == pytest.approx(energy, abs=4 * a * np.sqrt(energy / n))
        assert resolution == pytest.approx(a / np.sqrt(energy), rel=4 / np.sqrt(2 * n))


def test_mean_depth_is_that_of_its_parts(rng):
    energy, n = 60.0, 3000
    _, (x, y, z) = sample_pion_spots(rng, np.full(n, energy))
    fraction = electromagnetic_fraction(energy)
    electromagnetic = np.maximum(energy * rng.beta(6 * fraction, 6 * (1 - fraction), 20_000), 1.0)
    shape, maximum = sample_longitudinal(rng, electromagnetic, TUNGSTEN)
    depth = np.average(maximum * shape / (shape - 1), weights=electromagnetic) * TUNGSTEN.radiation_length
    hadronic = (0.786 + 0.427 * np.log(energy)) / 0.978 * TUNGSTEN.interaction_length
    expected = TUNGSTEN.pion_interaction_length + fraction * depth + (1 - fraction) * hadronic
    assert z.mean() == pytest.approx(expected, rel=0.03)
    assert abs(np.median(x)) < 0.02
    assert abs(np.median(y)) < 0.02


def test_most_of_a_pion_shower_lies_within_one_interaction_length(rng):
    _, (x, y, _) = sample_pion_spots(rng, np.full(500, 50.0))
    assert 0.93 < (np.hypot(x, y) < TUNGSTEN.interaction_length).mean() < 0.98


def test_showers_start_before_the_latest_start(rng):
    n = 1000
    shower, (_, _, z) = sample_pion_spots(rng, np.full(n, 20.0), sampling_term=0.15, latest_start=5.0)
    first = np.full(n, np.inf)
    np.minimum.at(first, shower, z)
    assert first.max() < 5.0 + 2.0
    start = first / TUNGSTEN.pion_interaction_length
    truncated = stats.truncexpon(5.0 / TUNGSTEN.pion_interaction_length)
    # The first spot lies a little behind the start.
    assert 0 < start.mean() - truncated.mean() < 0.08


def test_energies_outside_the_parametrisation_are_refused(rng):
    with pytest.raises(ValueError, match="above 1 GeV"):
        sample_pion_spots(rng, np.array([0.5]))


@pytest.mark.parametrize("energy", [10.0, 40.0, 100.0])
def test_without_compensation_the_response_is_not_linear_and_the_resolution_has_a_constant_term(rng, energy):
    n, a, h_over_e = 4000, 0.3, 0.7
    shower, _ = sample_pion_spots(rng, np.full(n, energy), sampling_term=a, hadronic_response=h_over_e)
    visible = np.bincount(shower, minlength=n) * a**2
    # Groom 2007: π/e = 1 − (1 − h/e) (E/E₀)^(m − 1).
    response = 1 - (1 - h_over_e) * energy**-0.17
    assert visible.mean() / energy == pytest.approx(response, rel=4 * visible.std() / visible.mean() / np.sqrt(n))
    fraction = electromagnetic_fraction(energy)
    spread = np.sqrt(fraction * (1 - fraction) / 7)  # of the beta distribution whose parameters sum to 6
    constant = (1 - h_over_e) * spread / response
    resolution = np.hypot(a / np.sqrt(response * energy), constant)
    assert visible.std() / visible.mean() == pytest.approx(resolution, rel=4 / np.sqrt(2 * n))
    # The sampling alone would not explain it.
    assert visible.std() / visible.mean() > (1 + 4 / np.sqrt(2 * n)) * a / np.sqrt(response * energy)


def test_the_resolution_is_a_stochastic_and_a_constant_term_in_quadrature(rng):
    energies, n = np.array([10.0, 20.0, 40.0, 70.0, 100.0]), 4000

    def fitted(h_over_e):
        shower, _ = sample_pion_spots(rng, np.repeat(energies, n), hadronic_response=h_over_e)
        visible = np.bincount(shower, minlength=n * len(energies)).reshape(-1, n)
        square = (visible.std(1) / visible.mean(1)) ** 2
        return np.linalg.lstsq(np.stack([1 / energies, np.ones(5)], 1) / square[:, None], np.ones(5))[0]

    a2, b2 = fitted(0.8)
    # Of the 0.3 a little more is left, as less is visible; σ of the electromagnetic fraction is near 0.18.
    assert np.sqrt(a2) == pytest.approx(0.33, abs=0.02)
    assert np.sqrt(b2) == pytest.approx(0.2 * 0.18 / 0.89, abs=0.006)
    a2, b2 = fitted(1.0)
    assert np.sqrt(a2) == pytest.approx(0.3, abs=0.01)
    assert abs(b2) < 0.01**2


@pytest.mark.parametrize("energy", [30.0, 100.0])
def test_nineteen_twentieths_are_contained_within_the_published_depth_and_radius(rng, energy):
    _, (x, y, z) = sample_pion_spots(rng, np.full(2000, energy))
    # Fabjan and Ludlam 1982 (Ann. Rev. Nucl. Part. Sci. 32, 335), in interaction lengths.
    depth = 0.2 * np.log(energy) + 0.7 + 2.5 * energy**0.13
    assert np.quantile(z, 0.95) / TUNGSTEN.interaction_length == pytest.approx(depth, rel=0.2)
    assert np.quantile(np.hypot(x, y), 0.95) / TUNGSTEN.interaction_length == pytest.approx(1, abs=0.15)


def test_showers_of_higher_energy_are_narrower_and_deeper(rng):
    # The electromagnetic part, which grows with the energy, is narrow; the depth grows as its logarithm.
    def quantiles(energy):
        _, (x, y, z) = sample_pion_spots(rng, np.full(2000, energy))
        return np.quantile(np.hypot(x, y), 0.9), np.quantile(z, 0.95)

    (wide, near), (narrow, deep) = quantiles(10.0), quantiles(100.0)
    assert narrow < 0.9 * wide
    assert 1.05 * near < deep < 1.4 * near
