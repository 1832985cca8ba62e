r"""Light of a galaxy on a detector: bulge, disc, arms and bar, seen through the atmosphere and counted as photons.

.. math::

    I(x, y) &= F_b\,S_n(r_b) + F_d\,\frac{e^{-r/h}}{2\pi h^2 q}\,
               \Bigl[1 + A(r)\cos m\bigl(\theta - \phi - \cot p\,\ln(r/a)\bigr)\Bigr] + F_\text{bar}\,B(x, y) \\
    N &\sim \mathrm{Poisson}\bigl((I * P) + \mathrm{sky}\bigr)

Units: lengths in pixels (one pixel is 0.4 arcsec, as in the Sloan survey), fluxes in electrons per exposure,
angles in radians. Images have axes (y, x), rows first; the position angle of the major axis is counted from +x to +y.
The light adds up as in a galaxy without dust.

Source: components as in GALFIT (Peng et al. 2002, arXiv astro-ph/0204182); Sérsic 1963 with b_n of Ciotti & Bertin 1999
(arXiv astro-ph/9911078); arms as the logarithmic spirals of Davis et al. 2012 (arXiv 1202.4780); Moffat 1969.
"""

from dataclasses import dataclass, fields

import numpy as np
from scipy.fft import irfft2, rfft2
from scipy.special import gamma


@dataclass(frozen=True)
class Galaxies:
    """Parameters of many galaxies, each an array of shape (count,).

    Args:
        flux: All light F out to infinity, electrons.
        bulge_fraction: Share of the bulge, F_b / F; 1 for an elliptical galaxy.
        bulge_radius: Effective radius r_e of the bulge along its major axis, pixels; half of its light lies within.
        sersic_index: n of the bulge; 4 is de Vaucouleurs' law, 1 an exponential.
        bulge_axis_ratio: Minor over major axis of the bulge on the sky.
        bar_fraction: Share of the bar, F_bar / F; the disc has what bulge and bar leave.
        bar_axis_ratio: Minor over major axis of the bar in the plane of the disc.
        scale_length: h of the disc, pixels.
        thickness: Axis ratio q_0 of the disc seen edge-on.
        inclination: i of the disc's axis from the line of sight, radians; 0 is face-on.
        position_angle: Of the major axis on the sky, radians from +x to +y.
        arms: Number m of the spiral arms.
        arm_contrast: A of the arms, 0 (none) to 1, reached outside the radius a.
        pitch_angle: p of the arms, radians; its sign is their handedness.
        phase: φ of the bar and of the arms' onset in the plane of the disc, radians.
        bar_length: Half length a of the bar, at whose ends the arms set in, pixels.
        x: Offset of the centre from the middle of the image, pixels.
        y: Same, along the other axis.
    """

    flux: np.ndarray
    bulge_fraction: np.ndarray
    bulge_radius: np.ndarray
    sersic_index: np.ndarray
    bulge_axis_ratio: np.ndarray
    bar_fraction: np.ndarray
    bar_axis_ratio: np.ndarray
    scale_length: np.ndarray
    thickness: np.ndarray
    inclination: np.ndarray
    position_angle: np.ndarray
    arms: np.ndarray
    arm_contrast: np.ndarray
    pitch_angle: np.ndarray
    phase: np.ndarray
    bar_length: np.ndarray
    x: np.ndarray
    y: np.ndarray

    def __len__(self) -> int:
        """Return the number of galaxies."""
        return len(self.flux)

    def __getitem__(self, index: slice) -> "Galaxies":
        """Return some of the galaxies."""
        return Galaxies(**{field.name: getattr(self, field.name)[index] for field in fields(self)})


def sersic_b(n: np.ndarray) -> np.ndarray:
    """Return b_n, which makes the effective radius enclose half of a Sérsic profile's light.

    Domain: n ≥ 0.5, where half means 0.5 within 2e-4. Source: Ciotti & Bertin 1999 (arXiv astro-ph/9911078).
    """
    n = np.asarray(n)
    tail = 131 / (1148175 * n**3) - 2194697 / (30690717750 * n**4)
    return 2 * n - 1 / 3 + 4 / (405 * n) + 46 / (25515 * n**2) + tail


def sersic(radius: np.ndarray, effective_radius: np.ndarray, n: np.ndarray) -> np.ndarray:
    r"""Return the surface brightness of a round Sérsic profile of unit flux, per square pixel.

    .. math:: S_n(r) = \frac{b^{2n}}{2\pi n\,r_e^2\,\Gamma(2n)}\,e^{-b\,(r/r_e)^{1/n}}

    Source: Sérsic 1963, normalised as in Graham & Driver 2005 (arXiv astro-ph/0503176).

    Args:
        radius: r, pixels.
        effective_radius: r_e, pixels.
        n: Sérsic index.
    """
    b = sersic_b(n)
    peak = b ** (2 * n) / (2 * np.pi * n * effective_radius**2 * gamma(2 * n))
    exponent = np.log(np.maximum(radius / effective_radius, 1e-6)) / n
    return peak * np.exp(-b * np.exp(exponent))


def axis_ratio(inclination: np.ndarray, thickness: np.ndarray) -> np.ndarray:
    r"""Return the ratio of a flat spheroid's axes on the sky: cos i where it is infinitely thin.

    .. math:: q^2 = \cos^2 i + q_0^2 \sin^2 i

    Source: Hubble 1926 (doi 10.1086/143018).
    """
    return np.hypot(np.cos(inclination), thickness * np.sin(inclination))


def render(galaxies: Galaxies, size: int, oversampling: int = 2) -> np.ndarray:
    """Return the light of each galaxy in each pixel, before atmosphere and noise.

    The light of a pixel is that at `oversampling`² points in it. With 2, the flux is right to 1e-4 for a disc, and to
    2 % for a bulge of n = 4 and r_e = 5 pixels, whose cusp is unresolved.

    Shapes: galaxies (count,) → (count, size, size), electrons, float32
    """
    step = 1 / oversampling
    grid = ((np.arange(size * oversampling) + 0.5) * step - size / 2).astype(np.float32)
    images = np.empty((len(galaxies), size, size), dtype=np.float32)
    chunk = 4  # keeps the intermediate arrays in the processor's cache
    for start in range(0, len(galaxies), chunk):
        some = galaxies[start : start + chunk]
        fine = _surface_brightness(some, grid[None, None, :], grid[None, :, None])
        rows = sum(fine[:, k::oversampling] for k in range(oversampling))
        images[start : start + chunk] = sum(rows[:, :, k::oversampling] for k in range(oversampling)) * step**2
    return images


def _surface_brightness(galaxies: Galaxies, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    g = Galaxies(**{f.name: getattr(galaxies, f.name).astype(x.dtype)[:, None, None] for f in fields(Galaxies)})
    cosine, sine = np.cos(g.position_angle), np.sin(g.position_angle)
    major = cosine * (x - g.x) + sine * (y - g.y)
    minor = cosine * (y - g.y) - sine * (x - g.x)
    q = axis_ratio(g.inclination, g.thickness)

    bulge = (
        sersic(np.sqrt(major**2 + (minor / g.bulge_axis_ratio) ** 2), g.bulge_radius, g.sersic_index)
        / g.bulge_axis_ratio
    )

    depth = minor / q  # the second coordinate in the plane of the disc, deprojected
    radius = np.sqrt(np.maximum(major**2 + depth**2, 1e-12))
    winding = np.log(radius / g.bar_length) / np.tan(g.pitch_angle)
    wave = np.cos(g.arms * (np.arctan2(depth, major) - g.phase - winding))
    contrast = g.arm_contrast * -np.expm1(-((radius / g.bar_length) ** 2))
    disc = np.exp(-radius / g.scale_length) / (2 * np.pi * g.scale_length**2 * q) * (1 + contrast * wave)

    along = (np.cos(g.phase) * major + np.sin(g.phase) * depth) / g.bar_length
    across = (np.cos(g.phase) * depth - np.sin(g.phase) * major) / (g.bar_length * g.bar_axis_ratio)
    # Ferrers' bar of index 2 (Ferrers 1877): its integral over the ellipse is π a² q_bar / 3.
    bar = np.maximum(1 - along**2 - across**2, 0) ** 2 * 3 / (np.pi * g.bar_length**2 * g.bar_axis_ratio * q)

    disc_fraction = 1 - g.bulge_fraction - g.bar_fraction
    return g.flux * (g.bulge_fraction * bulge + disc_fraction * disc + g.bar_fraction * bar)


def moffat(size: int, fwhm: np.ndarray, beta: float = 3.0) -> np.ndarray:
    r"""Return point spread functions that sum to 1, centred on pixel (0, 0) of a periodic image as the FFT wants them.

    .. math:: P(r) \propto \bigl[1 + (r/\alpha)^2\bigr]^{-\beta},\quad \mathrm{FWHM} = 2\alpha\sqrt{2^{1/\beta} - 1}

    Source: Moffat 1969; Trujillo et al. 2001 (arXiv astro-ph/0109067).

    Args:
        size: Pixels along each axis.
        fwhm: Full width at half maximum, pixels; shape (count,).
        beta: β, which sets the wings; a Gaussian for β → ∞.

    Shapes: (count,) → (count, size, size)
    """
    alpha = np.asarray(fwhm, dtype=np.float32)[:, None, None] / (2 * np.sqrt(2 ** (1 / beta) - 1))
    distance = np.fft.fftfreq(size, 1 / size).astype(np.float32)
    psf = np.exp(-beta * np.log1p((distance[:, None] ** 2 + distance**2) / alpha**2))
    return psf / psf.sum((1, 2), keepdims=True)


def convolve(images: np.ndarray, psf: np.ndarray) -> np.ndarray:
    """Return periodic convolutions of images with point spread functions centred on pixel (0, 0), by FFT.

    Shapes: images (count, size, size), psf (count or 1, size, size) → (count, size, size)
    """
    return irfft2(rfft2(images) * rfft2(psf), s=images.shape[-2:])


def expose(rng: np.random.Generator, images: np.ndarray, sky: np.ndarray | float) -> np.ndarray:
    """Return photon counts: Poisson numbers of mean light plus sky.

    Args:
        rng: Source of randomness.
        images: Light of the objects in each pixel, electrons.
        sky: Light of the night sky in each pixel, electrons.
    """
    return rng.poisson(np.maximum(images, 0) + sky).astype(np.float32)
