import numpy as np
import torch

from physml.data.nbody import NBodySource
from physml.physics import nbody


def test_events_are_states_and_later_positions():
    arrays = NBodySource(begin=0.2, duration=0.3)(7, np.random.default_rng(1))
    states = nbody.simulate(np.random.default_rng(1), 7, duration=0.5)
    x, y = arrays.events["x"], arrays.events["y"]
    assert x.shape == (7, 5, 7)
    assert x.dtype == y.dtype == torch.float32
    np.testing.assert_allclose(x[..., :3], states["x"][:, 2], rtol=1e-6)
    np.testing.assert_allclose(x[..., 3:6], states["v"][:, 2], rtol=1e-6)
    np.testing.assert_array_equal(x[..., 6], states["q"])
    np.testing.assert_allclose(y, states["x"][:, 5], rtol=1e-6)


def test_momentum_is_conserved_from_input_to_target():
    arrays = NBodySource(begin=0.1, duration=0.2)(50, np.random.default_rng(0)).events
    x, y = arrays["x"], arrays["y"]
    torch.testing.assert_close(y.mean(1), (x[..., :3] + 0.2 * x[..., 3:6]).mean(1), atol=1e-5, rtol=0)
