import pytest
import torch

from physml.metrics.fluid import (
    centre_of_mass_error,
    constant_velocity_error,
    mass_inside,
    momentum_error,
    next_position_error,
    rollout_error,
)

OFFSETS = torch.tensor([0, 2, 5])


def test_next_position_error_by_hand():
    target = torch.randn(5, 2)
    prediction = target + torch.tensor([[0.1, 0.0], [0.0, 0.3], [0.2, 0.2], [0.0, 0.0], [0.0, 0.0]])
    found = next_position_error(prediction, target, OFFSETS)
    torch.testing.assert_close(found, torch.tensor([(0.01 + 0.09) / 4, 0.08 / 6]))


def test_constant_velocity_is_right_for_uniform_motion_alone():
    v, times = torch.randn(5, 1, 2), torch.arange(7.0)[:, None]
    uniform, falling = v * times, v * times - 0.5 * times**2 * torch.tensor([0.0, 0.1])
    for path, expected in ((uniform, 0.0), (falling, 0.1**2 / 2)):
        found = constant_velocity_error(path[:, :6], path[:, 6], OFFSETS)
        torch.testing.assert_close(found, torch.full((2,), expected), atol=1e-6, rtol=1e-4)


def test_rollout_error_is_the_mean_up_to_a_frame():
    future = torch.zeros(5, 4, 2)
    rollout = torch.arange(1.0, 5.0)[:, None].expand(5, 4, 2)
    for steps, expected in ((1, 1.0), (2, 2.5), (4, 7.5)):
        torch.testing.assert_close(rollout_error(rollout, future, OFFSETS, steps), torch.full((2,), expected))
    assert rollout_error(rollout, future, OFFSETS, 5).isnan().tolist() == [True, True]  # it was not seen so far


def test_centre_of_mass_error_forgives_internal_motion():
    future, rollout = torch.zeros(5, 3, 2), torch.randn(5, 3, 2)
    for a, b in ((0, 2), (2, 5)):
        rollout[a:b, -1] -= rollout[a:b, -1].mean(0)
    rollout[2:, -1] += torch.tensor([0.3, 0.4])
    found = centre_of_mass_error(rollout, future, OFFSETS)
    torch.testing.assert_close(found, torch.tensor([0.0, 0.5]), atol=1e-6, rtol=1e-5)


def test_momentum_error_of_free_fall_and_of_a_push():
    dt, times = 0.1, torch.arange(6, dtype=torch.float64)[:, None]
    start = torch.tensor([[0.4, 0.6], [0.5, 0.7]], dtype=torch.float64)[:, None]
    for push, expected in ((0.0, 0.0), (0.3, 0.3 / 2**0.5)):
        path = start + 0.5 * (dt * times) ** 2 * torch.tensor([push, -1.0])
        found = momentum_error(path[:, 2:], path[:, :2], torch.tensor([0, 2]), dt)
        assert float(found) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_momentum_error_leaves_the_walls_out():
    path = torch.rand(2, 6, 2, dtype=torch.float64)
    path[0] = 0.01  # in the corner
    assert momentum_error(path[:, 2:], path[:, :2], torch.tensor([0, 2]), 0.1).tolist() == []
    path[0, -1] = torch.nan  # what it would have been is not known
    assert momentum_error(path[:, 2:], path[:, :2], torch.tensor([0, 2]), 0.1).isnan().tolist() == [True]


def test_frames_at_a_wall_do_not_lower_the_momentum_error():
    dt, times = 0.1, torch.arange(8, dtype=torch.float64)[:, None]
    start = torch.tensor([[0.3, 0.2], [0.5, 0.2]], dtype=torch.float64)[:, None]
    path = start + 0.5 * (dt * times) ** 2 * torch.tensor([0.3, -1.0])  # near the ground from frame 4 on
    found = momentum_error(path[:, 2:], path[:, :2], torch.tensor([0, 2]), dt)
    assert float(found) == pytest.approx(0.3 * (6 / (6 + 3)) ** 0.5, rel=1e-6)


def test_mass_inside_counts_the_last_frame():
    rollout = torch.full((5, 2, 2), 0.5)
    rollout[0, -1, 1] = -0.1
    rollout[4, 0, 0] = 1.1
    assert mass_inside(rollout, OFFSETS).tolist() == [0.5, 1.0]
