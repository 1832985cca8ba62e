"""The light of galaxies against closed forms and slow, obvious references."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import gammainc

from physml.physics.galaxy import Galaxies, axis_ratio, convolve, expose, moffat, render, sersic, sersic_b


def galaxy(**changes):
    """One face-on galaxy in the middle of the image; by default a disc alone."""
    plain = dict.fromkeys(Galaxies.__dataclass_fields__, 0.0) | {
        "flux": 1e4, "bulge_radius": 4.0, "sersic_index": 2.0, "bulge_axis_ratio": 1.0, "bar_axis_ratio": 0.3,
        "scale_length": 4.0, "arms": 2, "pitch_angle": 0.4, "bar_length": 6.0,
    }  # fmt: skip
    return Galaxies(**{name: np.array([value]) for name, value in (plain | changes).items()})


SPIRAL = {
    "bulge_fraction": 0.2, "bar_fraction": 0.2, "arm_contrast": 0.8, "inclination": 0.7, "position_angle": 0.3,
    "phase": 1.1, "bulge_axis_ratio": 0.8,
}  # fmt: skip


def moments(image):
    """Centroid and second moments of an image, pixels from its middle."""
    grid = np.arange(len(image)) + 0.5 - len(image) / 2
    share = image.astype(float) / image.sum(dtype=float)
    x, y = share.sum(0) @ grid, share.sum(1) @ grid
    return x, y, share.sum(0) @ (grid - x) ** 2, share.sum(1) @ (grid - y) ** 2


@pytest.mark.parametrize("n", [0.5, 1.0, 2.5, 4.0, 8.0])
def test_half_of_the_sersic_flux_lies_within_the_effective_radius(n):
    assert gammainc(2 * n, sersic_b(n)) == pytest.approx(0.5, abs=2e-4)
    assert abs(gammainc(2 * n, 2 * n) - 0.5) > 2e-2  # without the corrections to b = 2n
    inside, _ = quad(lambda r: 2 * np.pi * r * sersic(np.float64(r), 3.0, n), 0, 3.0, limit=200)
    assert inside == pytest.approx(0.5, abs=2e-4)


def test_sersic_of_index_1_is_an_exponential():
    r, h = np.linspace(0.1, 30, 50), 3.0
    effective = sersic_b(1.0) * h
    np.testing.assert_allclose(sersic(r, effective, 1.0), np.exp(-r / h) / (2 * np.pi * h**2), rtol=1e-4)


@pytest.mark.parametrize(
    ("changes", "tolerance"),
    [
        ({}, 1e-3),
        ({"inclination": 1.0, "position_angle": 0.5}, 1e-3),
        ({"inclination": np.pi / 2, "thickness": 0.2}, 2e-3),
        ({"arm_contrast": 1.0, "inclination": 0.8}, 2e-3),
        ({"bar_fraction": 1.0, "inclination": 0.8, "phase": 0.3}, 2e-3),
        ({"bulge_fraction": 1.0, "sersic_index": 1.0, "bulge_axis_ratio": 0.5}, 1e-3),
        ({"bulge_fraction": 1.0, "sersic_index": 4.0}, 0.06),  # 3 % are outside of the image
    ],
)
def test_total_flux_is_what_was_asked(changes, tolerance):
    image = render(galaxy(**changes), size=120)[0]
    assert image.sum(dtype=float) == pytest.approx(1e4, rel=tolerance)


def test_render_matches_pixel_by_pixel_sum():
    g, size = galaxy(**SPIRAL, thickness=0.1, x=0.7, y=-1.2), 12
    s = {name: getattr(g, name)[0] for name in Galaxies.__dataclass_fields__}
    expected = np.zeros((size, size))
    q = np.hypot(np.cos(s["inclination"]), s["thickness"] * np.sin(s["inclination"]))
    points = (0.25, 0.75)
    for row, column, dy, dx in np.ndindex(size, size, 2, 2):
        x = column + points[dx] - size / 2 - s["x"]
        y = row + points[dy] - size / 2 - s["y"]
        u = (x + 1j * y) * np.exp(-1j * s["position_angle"])
        bulge = sersic(abs(complex(u.real, u.imag / s["bulge_axis_ratio"])), s["bulge_radius"], s["sersic_index"])
        w = complex(u.real, u.imag / q)
        spiral = s["arms"] * (np.angle(w) - s["phase"] - np.log(abs(w) / s["bar_length"]) / np.tan(s["pitch_angle"]))
        arms = 1 + s["arm_contrast"] * (1 - np.exp(-((abs(w) / s["bar_length"]) ** 2))) * np.cos(spiral)
        disc = np.exp(-abs(w) / s["scale_length"]) / (2 * np.pi * s["scale_length"] ** 2 * q) * arms
        b = w * np.exp(-1j * s["phase"]) / s["bar_length"]
        inside = max(0.0, 1 - b.real**2 - (b.imag / s["bar_axis_ratio"]) ** 2)
        bar = 3 * inside**2 / (np.pi * s["bar_length"] ** 2 * s["bar_axis_ratio"] * q)
        light = 0.2 * bulge / s["bulge_axis_ratio"] + 0.6 * disc + 0.2 * bar
        expected[row, column] += s["flux"] * light / 4
    np.testing.assert_allclose(render(g, size)[0], expected, rtol=1e-3)


def test_inclination_gives_the_axis_ratio():
    for inclination, thickness in [(0.0, 0.0), (1.0, 0.0), (1.3, 0.15), (np.pi / 2, 0.2)]:
        image = render(galaxy(inclination=inclination, thickness=thickness, scale_length=6.0), size=160, oversampling=4)
        _, _, major, minor = moments(image[0])
        q = np.sqrt(np.cos(inclination) ** 2 + thickness**2 * np.sin(inclination) ** 2)
        assert np.sqrt(minor / major) == pytest.approx(q, rel=1e-2)
        assert axis_ratio(inclination, thickness) == pytest.approx(q)
    assert axis_ratio(1.0, 0.0) == pytest.approx(np.cos(1.0))


def test_quarter_turn_of_the_position_angle_turns_the_image():
    spiral = galaxy(**SPIRAL | {"arms": 3})
    image, turned = (
        render(replace(spiral, position_angle=np.array([angle])), 32)[0] for angle in (0.3, 0.3 + np.pi / 2)
    )
    # From +x to +y is from columns to rows: the opposite of numpy's sense of rotation.
    np.testing.assert_allclose(turned, np.rot90(image, -1), rtol=1e-3)
    assert not np.allclose(turned, np.rot90(image, 1), rtol=1e-1)


def test_two_arms_look_the_same_after_half_a_turn_and_three_do_not():
    for arms, same in [(2, True), (3, False)]:
        image = render(galaxy(arms=arms, arm_contrast=0.9), 32)[0]
        assert np.allclose(image, image[::-1, ::-1], rtol=1e-3) == same


def test_crest_of_the_arms_winds_at_the_pitch_angle():
    pitch, a = 0.5, 6.0
    fine = render(galaxy(arm_contrast=1.0, pitch_angle=pitch, bar_length=a, scale_length=1e6), 96, oversampling=1)[0]
    for radius in (12.0, 18.0, 27.0):
        angle = np.linspace(-np.pi, np.pi, 2000)
        column, row = (48 + radius * np.cos(angle)).astype(int), (48 + radius * np.sin(angle)).astype(int)
        wave = (fine[row, column] * np.exp(2j * angle)).sum()
        expected = 2 * np.log(radius / a) / np.tan(pitch)
        assert abs(np.angle(wave * np.exp(-1j * expected))) < 0.05


@pytest.mark.parametrize("beta", [2.5, 3.0, 100.0])
def test_psf_conserves_flux_and_centroid(beta):
    image = render(galaxy(scale_length=2.0, x=1.3, y=-0.8), 64)
    psf = moffat(64, np.array([2.7]), beta)
    blurred = convolve(image, psf)
    assert psf.sum(dtype=float) == pytest.approx(1, abs=1e-5)
    assert blurred.sum(dtype=float) == pytest.approx(image.sum(dtype=float), rel=1e-5)
    # Light that crosses the periodic edge would move the centroid: the wings are symmetric, so little does.
    np.testing.assert_allclose(moments(blurred[0])[:2], moments(image[0])[:2], atol=0.05)
    assert moments(blurred[0])[2] > moments(image[0])[2]


def test_moffat_has_the_width_asked_and_becomes_a_gaussian():
    for fwhm in (2.0, 4.0):
        psf = moffat(32, np.array([fwhm]))[0]
        assert psf[0, int(fwhm / 2)] / psf[0, 0] == pytest.approx(0.5, rel=1e-5)
        narrow, r = moffat(32, np.array([fwhm]), beta=1e4)[0], np.arange(4)
        np.testing.assert_allclose(narrow[0, :4] / narrow[0, 0], 0.5 ** ((2 * r / fwhm) ** 2), rtol=5e-3, atol=1e-6)


def test_fft_convolution_matches_the_sum():
    rng = np.random.default_rng(0)
    image, psf = rng.random((2, 8, 8)), rng.random((2, 8, 8))
    expected = np.zeros_like(image)
    for row, column in np.ndindex(8, 8):
        expected += psf[:, row, column, None, None] * np.roll(image, (row, column), axis=(1, 2))
    np.testing.assert_allclose(convolve(image, psf), expected)


def test_counts_have_poisson_mean_and_variance():
    light, sky, count = 40.0, 60.0, 200_000
    counts = expose(np.random.default_rng(0), np.full(count, light), sky).astype(float)
    mean = light + sky
    assert counts.mean() == pytest.approx(mean, abs=4 * np.sqrt(mean / count))
    # The variance of a Poisson sample's variance is (μ + 2μ²) / N.
    assert counts.var() == pytest.approx(mean, abs=4 * np.sqrt((mean + 2 * mean**2) / count))
    gaussian = np.random.default_rng(0).normal(mean, 1.0, count)
    assert abs(gaussian.var() - mean) > 4 * np.sqrt((mean + 2 * mean**2) / count)
