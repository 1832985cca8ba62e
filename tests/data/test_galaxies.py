"""Galaxy images as the network sees them."""

import numpy as np
import torch

from physml.data.galaxies import GalaxySource
from physml.physics.galaxy_survey import simulate


def test_images_are_stretched_counts_with_their_class():
    arrays = GalaxySource(size=20, sky=80.0, softening=3.0)(7, np.random.default_rng(5))
    sample = simulate(np.random.default_rng(5), 7, 20, sky=80.0)
    x, y = arrays.events["x"], arrays.events["y"]
    assert (x.shape, x.dtype, y.shape, y.dtype) == ((7, 1, 20, 20), torch.float32, (7,), torch.int64)
    assert (y.numpy() == sample["label"]).all()
    np.testing.assert_allclose(80 + 3 * np.sqrt(80) * np.sinh(x[:, 0].double().numpy()), sample["N"], rtol=1e-4)


def test_empty_sky_has_the_spread_of_its_noise():
    arrays = GalaxySource(min_flux=1e-3, max_flux=1e-2, sky=400.0, softening=2.0)(20, np.random.default_rng(0))
    x = arrays.events["x"]
    assert abs(float(x.mean())) < 0.01
    assert abs(float(torch.sinh(x).std()) - 0.5) < 0.01
