"""Images of jets, to be learnt by reconstructing them."""

import numpy as np
import torch

from physml.data.arrays import Arrays
from physml.physics.jet_images import jet_images
from physml.physics.jets import simulate


class JetSource:
    r"""Simulated jets as images with the share of the jet's transverse momentum in each pixel, in percent.

    In percent, because of shares the mean squared error is so small that Adam's ε slows the training to a halt.

    Args:
        top_fraction: Probability that a jet is a top jet; training data for anomaly detection have none.
        pt_min: Smallest transverse momentum, GeV.
        pt_max: Largest transverse momentum, GeV.
        gluon_fraction: Probability that a QCD jet begins with a gluon.
        pixels: Pixels along each side.
        half_width: Half of the image's side, radian.
        resolution: Angular resolution, radian.

    Arrays:
        x (events, 1, pixels, pixels), percent; y is x; label (events,) int64, 1 for a top jet; mass (events,), GeV
    """

    def __init__(
        self,
        top_fraction: float = 0.0,
        pt_min: float = 550.0,
        pt_max: float = 650.0,
        gluon_fraction: float = 0.5,
        pixels: int = 40,
        half_width: float = 0.8,
        resolution: float = 0.04,
    ) -> None:
        self.top_fraction, self.pt_min, self.pt_max, self.gluon_fraction = top_fraction, pt_min, pt_max, gluon_fraction
        self.pixels, self.half_width, self.resolution = pixels, half_width, resolution

    def __call__(self, count: int, rng: np.random.Generator) -> Arrays:
        """Return `count` jets drawn with `rng`."""
        sample = simulate(rng, count, self.top_fraction, self.pt_min, self.pt_max, gluon_fraction=self.gluon_fraction)
        images = jet_images(sample["p"], sample["offsets"], self.pixels, self.half_width, self.resolution)
        x = 100 * torch.from_numpy(images[:, None])
        mass = torch.from_numpy(sample["m"].astype(np.float32))
        return Arrays(events={"x": x, "y": x, "label": torch.from_numpy(sample["label"]), "mass": mass})
