import torch

from physml.metrics.motion import derivative_error, energy_error, state_error
from physml.physics.spring import Spring

FUTURE = torch.tensor([[[1.0, 0.0], [0.0, 1.0]], [[2.0, 0.0], [0.0, 2.0]]])


def test_energy_error_is_the_mean_square_over_the_times():
    motion = FUTURE.clone()
    motion[1, 1] = torch.tensor([0.0, 3.0])  # H = 4.5 where 2 is true
    torch.testing.assert_close(energy_error(motion, FUTURE, Spring()), torch.tensor([0.0, 2.5**2 / 2]))


def test_a_state_on_the_wrong_place_of_the_right_orbit_has_a_state_error_only():
    motion = -FUTURE
    assert energy_error(motion, FUTURE, Spring()).abs().max() == 0
    torch.testing.assert_close(state_error(motion, FUTURE), torch.tensor([2.0, 8.0]))


def test_derivative_error_is_that_at_the_true_states():
    slope = Spring().derivative(FUTURE)
    torch.testing.assert_close(derivative_error(Spring().derivative, FUTURE, slope), torch.zeros(2))
    found = derivative_error(lambda x: Spring().derivative(x) + torch.tensor([1.0, 3.0]), FUTURE, slope)
    torch.testing.assert_close(found, torch.tensor([5.0, 5.0]))
