import numpy as np
import torch

from physml.data.two_moons import TwoMoonsSource
from physml.physics.two_moons import log_density


def test_points_come_with_their_true_density():
    arrays = TwoMoonsSource(noise=0.2)(100, np.random.default_rng(0)).events
    assert set(arrays) == {"x", "log_density"}
    assert arrays["x"].shape == (100, 2)
    assert arrays["x"].dtype == arrays["log_density"].dtype == torch.float32
    np.testing.assert_allclose(arrays["log_density"], log_density(arrays["x"].double().numpy(), 0.2), atol=1e-4)


def test_same_seed_same_points():
    first, second = (TwoMoonsSource()(10, np.random.default_rng(3)).events["x"] for _ in range(2))
    assert torch.equal(first, second)
