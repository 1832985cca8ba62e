"""Images of galaxies with their morphological class."""

import math

import numpy as np
import torch

from physml.data.arrays import Arrays
from physml.physics.galaxy_survey import simulate


class GalaxySource:
    r"""Simulated galaxies as images of one channel, on a scale that shows bright cores and faint arms alike.

    .. math:: x = \operatorname{asinh}\frac{N - \mathrm{sky}}{s\sqrt{\mathrm{sky}}}

    Below s times the noise of the sky the scale is linear, above it logarithmic. Source: Lupton, Gunn & Szalay 1999
    (arXiv astro-ph/9903081).

    Args:
        size: Pixels along each axis of an image; a pixel is 0.4 arcsec wide.
        min_flux: Faintest galaxy, electrons.
        max_flux: Brightest galaxy, electrons.
        sky: Light of the night sky in each pixel, electrons.
        min_fwhm: Best seeing, pixels.
        max_fwhm: Worst seeing, pixels.
        softening: s, in standard deviations of the sky.

    Arrays:
        x (events, 1, size, size); y (events,) int64, the class, see :data:`physml.physics.galaxy_survey.CLASSES`
    """

    def __init__(
        self,
        size: int = 48,
        min_flux: float = 3e4,
        max_flux: float = 2e5,
        sky: float = 100.0,
        min_fwhm: float = 1.8,
        max_fwhm: float = 3.0,
        softening: float = 2.0,
    ) -> None:
        self.size, self.sky, self.softening = size, sky, softening
        self.flux, self.fwhm = (min_flux, max_flux), (min_fwhm, max_fwhm)

    def __call__(self, count: int, rng: np.random.Generator) -> Arrays:
        """Return `count` galaxies drawn with `rng`."""
        sample = simulate(rng, count, self.size, self.flux, self.sky, self.fwhm)
        x = np.arcsinh((sample["N"] - np.float32(self.sky)) / np.float32(self.softening * math.sqrt(self.sky)))
        return Arrays(events={"x": torch.from_numpy(x[:, None]), "y": torch.from_numpy(sample["label"])})
