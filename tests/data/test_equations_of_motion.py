from functools import partial

import numpy as np
import pytest
import torch

from physml.data.equations_of_motion import ForecastSource, StateSource, TrajectorySource
from physml.physics import spring


def test_states_are_those_of_trajectories_with_noise_and_their_derivatives_without():
    source = StateSource(partial(spring.simulate, noise=0.1), states=30)
    arrays = source(100, np.random.default_rng(0)).events
    drawn = spring.simulate(np.random.default_rng(0), count=4, steps=29)
    assert {name: (tuple(array.shape), array.dtype) for name, array in arrays.items()} == {
        "x": ((100, 2), torch.float32), "y": ((100, 2), torch.float32),
    }  # fmt: skip
    for row in (0, 31, 99):
        np.testing.assert_allclose(arrays["x"][row], drawn["x_noisy"][row // 30, row % 30], rtol=1e-6)
        np.testing.assert_allclose(arrays["y"][row], drawn["v"][row // 30, row % 30], rtol=1e-6)


def test_a_trajectory_begins_with_the_state_that_is_given():
    arrays = TrajectorySource(partial(spring.simulate, steps=7, dt=0.5))(5, np.random.default_rng(0)).events
    assert {name: tuple(array.shape) for name, array in arrays.items()} == {
        "x": (5, 2), "y": (5, 2), "future": (5, 8, 2), "slope": (5, 8, 2),
    }  # fmt: skip
    law = spring.PAPER
    torch.testing.assert_close(arrays["future"], law.trajectory(arrays["x"], 0.5, 7))
    torch.testing.assert_close(arrays["slope"], law.derivative(arrays["future"]))
    torch.testing.assert_close(arrays["y"], law.derivative(arrays["x"]))


def test_a_forecast_is_of_the_measured_states_after_the_first():
    source = ForecastSource(partial(spring.simulate, steps=7, noise=0.1), horizon=5)
    arrays = source(4, np.random.default_rng(0)).events
    drawn = spring.simulate(np.random.default_rng(0), count=4, steps=7, noise=0.1)
    np.testing.assert_allclose(arrays["x"], drawn["x_noisy"][:, 0], rtol=1e-6)
    np.testing.assert_allclose(arrays["y"], drawn["x_noisy"][:, 1:6], rtol=1e-6)
    np.testing.assert_allclose(arrays["future"], drawn["x"], rtol=1e-6)
    with pytest.raises(ValueError, match="expected more than 8 states in a trajectory"):
        ForecastSource(partial(spring.simulate, steps=7), horizon=8)(4, np.random.default_rng(0))
