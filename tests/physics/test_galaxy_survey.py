"""The mock survey: its classes are what they claim, and its images reproducible."""

import numpy as np
import pytest

from physml.physics.galaxy_survey import CLASSES, population, simulate


def test_classes_are_what_they_claim():
    label = np.repeat(np.arange(5), 200)
    g = population(np.random.default_rng(0), label)
    elliptical, lenticular, spiral, barred, edge_on = (label == k for k in range(len(CLASSES)))
    assert (g.bulge_fraction[elliptical] == 1).all()
    assert (g.bulge_fraction[~elliptical] <= 0.5).all()
    assert (g.arm_contrast[elliptical | lenticular] == 0).all()
    assert (g.arm_contrast[spiral | barred] >= 0.5).all()
    assert ((g.bar_fraction > 0) == barred).all()
    assert (g.arms[barred] == 2).all()
    assert (np.degrees(g.inclination[edge_on]) > 80 - 1e-6).all()
    assert (np.degrees(g.inclination[~edge_on]) < 60 + 1e-6).all()
    assert (1 - g.bulge_fraction - g.bar_fraction >= 0).all()


def test_simulation_is_reproducible_and_of_the_sizes_asked():
    first, second = (simulate(np.random.default_rng(3), count=6, size=20) for _ in range(2))
    assert first["N"].shape == first["I"].shape == (6, 20, 20)
    assert all(len(array) == 6 for array in first.values())
    assert all((first[name] == second[name]).all() for name in first)
    assert (simulate(np.random.default_rng(4), count=6, size=20)["N"] != first["N"]).any()


def test_residuals_of_the_counts_are_poisson():
    sample = simulate(np.random.default_rng(0), count=40, sky=50.0)
    mean = sample["I"].astype(float) + 50.0
    pull = (sample["N"] - mean) / np.sqrt(mean)
    tolerance = 4 * np.sqrt(2 / pull.size)
    assert abs(pull.mean()) < tolerance
    assert abs(pull.var() - 1) < tolerance + 2e-3  # the kurtosis of a Poisson number is a bit above a Gaussian's
    wrong_sky = (sample["N"] - mean - 1) / np.sqrt(mean)
    assert abs(wrong_sky.mean()) > tolerance


def test_images_hold_most_of_the_light():
    sample = simulate(np.random.default_rng(1), count=100)
    share = sample["I"].sum((1, 2)) / sample["F"]
    assert (share > 0.6).all()
    assert (share < 1.05).all()  # 5 %: unresolved cusps, see render


@pytest.mark.parametrize(("name", "interval"), [("flux", (0.0, 1.0)), ("fwhm", (-2.0, -1.0))])
def test_intervals_of_no_galaxies_are_refused(name, interval):
    with pytest.raises(ValueError, match=f"expected {name} > 0"):
        simulate(np.random.default_rng(1), count=2, **{name: interval})
