import math

import pytest
import torch

from physml.metrics.trajectories import angle_error, energy_drift, valid_time
from physml.physics.double_pendulum import Energy, encode


def states(theta):
    theta = torch.as_tensor(theta, dtype=torch.float64)
    return encode(theta, torch.zeros_like(theta))


def test_angle_error_is_the_root_mean_square_on_the_circle():
    truth = states([[[3.1, 0.0], [3.1, 0.0]]])
    prediction = states([[[-3.1, 0.0], [3.1, 0.2]]])
    expected = math.sqrt(((2 * math.pi - 6.2) ** 2 + 0.2**2) / 4)
    torch.testing.assert_close(angle_error(prediction, truth), torch.tensor([expected], dtype=torch.float64))


def test_energy_drift_is_that_of_known_states():
    truth = states([[[0.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]])
    prediction = states([[[0.0, math.pi], [0.0, math.pi]], [[math.pi, math.pi], [0.0, 0.0]]])
    expected = torch.tensor([2.0, 6.0 / math.sqrt(2)], dtype=torch.float64)  # heights 2 l and 2 + 4 l
    torch.testing.assert_close(energy_drift(prediction, truth, Energy()), expected)


def test_valid_time_ends_at_the_first_departure():
    truth = states([[[0.0, 0.0]] * 4] * 3)
    prediction = states([[[0.0, 0.0]] * 4, [[0.1, 0.0], [0.0, 0.3], [0.0, 0.0], [0.0, 0.0]], [[0.5, 0.0]] * 4])
    assert valid_time(prediction, truth, dt=0.2, tolerance=0.25).tolist() == pytest.approx([0.8, 0.2, 0.0])
