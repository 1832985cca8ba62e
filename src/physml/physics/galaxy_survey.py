"""A mock survey of galaxies: what each morphological class looks like, drawn at random and observed."""

import numpy as np

from physml.ops.bounds import check_at_least, check_positive
from physml.physics.galaxy import Galaxies, convolve, expose, moffat, render

CLASSES = ("elliptical", "lenticular", "spiral", "barred spiral", "edge-on disc")
"""Names of the classes, in the order of their labels."""

_ELLIPTICAL, _LENTICULAR, _SPIRAL, _BARRED, _EDGE_ON = range(5)


def population(rng: np.random.Generator, label: np.ndarray, flux: tuple[float, float] = (3e4, 2e5)) -> Galaxies:
    """Draw galaxies of the classes `label`.

    An elliptical is a bulge alone; a lenticular has a smooth disc, a spiral one with arms, a barred spiral two arms
    that start at the ends of a bar, all inclined by less than 60°; a disc with arms inclined by more than 80° is
    edge-on. Brightness, size and seeing are drawn alike for all classes with a disc.

    Args:
        rng: Source of randomness.
        label: Number of the class of each galaxy, see :data:`CLASSES`.
        flux: Range of the flux F, electrons; log-uniform.
    """
    count = len(label)

    def uniform(low: float, high: float) -> np.ndarray:
        return rng.uniform(low, high, count)

    elliptical, lenticular, barred, edge_on = (label == k for k in (_ELLIPTICAL, _LENTICULAR, _BARRED, _EDGE_ON))
    scale_length = uniform(4.5, 7.5)
    bulge_fraction = np.where(lenticular, uniform(0.2, 0.5), uniform(0.05, 0.3))
    cosine = np.where(edge_on, uniform(0.0, np.cos(np.radians(80))), uniform(0.5, 1.0))
    return Galaxies(
        flux=np.exp(uniform(*np.log(flux))),
        bulge_fraction=np.where(elliptical, 1.0, bulge_fraction),
        bulge_radius=np.where(elliptical, uniform(4.0, 9.0), scale_length * uniform(0.3, 0.6)),
        sersic_index=np.where(elliptical, uniform(2.5, 5.0), uniform(1.0, 4.0)),
        bulge_axis_ratio=np.where(elliptical, uniform(0.5, 1.0), uniform(0.8, 1.0)),
        bar_fraction=np.where(barred, uniform(0.12, 0.25), 0.0),
        bar_axis_ratio=uniform(0.2, 0.35),
        scale_length=scale_length,
        thickness=uniform(0.1, 0.2),
        inclination=np.arccos(cosine),
        position_angle=uniform(0, np.pi),
        arms=np.where(barred, 2, rng.integers(2, 5, count)),
        arm_contrast=np.where(elliptical | lenticular, 0.0, uniform(0.5, 1.0)),
        pitch_angle=np.radians(uniform(15, 35)) * rng.choice([-1, 1], count),
        phase=uniform(0, 2 * np.pi),
        bar_length=scale_length * uniform(1.2, 1.8),
        x=uniform(-2, 2),
        y=uniform(-2, 2),
    )


def simulate(
    rng: np.random.Generator,
    count: int = 1000,
    size: int = 48,
    flux: tuple[float, float] = (3e4, 2e5),
    sky: float = 100.0,
    fwhm: tuple[float, float] = (1.8, 3.0),
) -> dict[str, np.ndarray]:
    """Observe galaxies of random classes, sizes, orientations and seeing.

    Args:
        rng: Source of randomness.
        count: Number of galaxies.
        size: Pixels along each axis of an image; a pixel is 0.4 arcsec wide.
        flux: Range of the flux F of a galaxy, electrons.
        sky: Light of the night sky in each pixel, electrons.
        fwhm: Range of the seeing, pixels: full width at half maximum of the Moffat point spread function.

    Returns:
        By their symbols: ``N`` photon counts and ``I`` their mean without the sky (count, size, size), electrons;
        ``label`` (count,), number of the class; and of each galaxy ``F`` (electrons), ``r_e``, ``h``, ``a``, ``FWHM``
        (pixels), ``n``, ``i``, ``PA``, ``p`` (radians), ``m``, ``A`` and the constant ``sky``.

    Raises:
        ValueError: A number is out of bounds.
    """
    check_at_least(1, count=count, size=size)
    check_at_least(0, sky=sky)
    check_positive(flux=min(flux), fwhm=min(fwhm))
    label = rng.integers(0, len(CLASSES), count)
    galaxies = population(rng, label, flux)
    seeing = rng.uniform(*fwhm, count)
    margin = 8  # pixels around the image, so that light blurred over one edge does not come back at the other
    image, chunk = np.empty((count, size, size), dtype=np.float32), 256
    for start in range(0, count, chunk):
        stop = start + chunk
        blurred = convolve(
            render(galaxies[start:stop], size + 2 * margin), moffat(size + 2 * margin, seeing[start:stop])
        )
        image[start:stop] = blurred[:, margin:-margin, margin:-margin]
    g = galaxies
    return {
        "N": expose(rng, image, sky), "I": image, "label": label, "sky": np.full(count, sky), "FWHM": seeing,
        "F": g.flux, "r_e": g.bulge_radius, "n": g.sersic_index, "h": g.scale_length, "i": g.inclination,
        "PA": g.position_angle, "m": g.arms, "A": g.arm_contrast, "p": g.pitch_angle, "a": g.bar_length,
    }  # fmt: skip
