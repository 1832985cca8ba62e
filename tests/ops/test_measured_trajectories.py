import numpy as np
import pytest
import torch

from physml.ops.measured_trajectories import measured_trajectories
from physml.physics.spring import Spring


def test_noise_is_in_the_measured_states_alone():
    law = Spring(mass=2.0, stiffness=3.0)
    x = law.trajectory(torch.tensor([[1.0, 0.0], [0.0, 2.0]], dtype=torch.float64), 0.1, 5)
    noise = np.random.default_rng(0).normal(size=x.shape)
    found = measured_trajectories(law, x, 0.1, noise)
    assert found["t"] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5])
    np.testing.assert_array_equal(found["x"], x)
    np.testing.assert_array_equal(found["x_noisy"] - found["x"], (x.numpy() + noise) - x.numpy())
    assert found["v"][0, 0] == pytest.approx([0, -3])
    assert found["E"][1] == pytest.approx(np.full(6, 1.0))
