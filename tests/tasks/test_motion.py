import torch

from physml.networks.hamiltonian import Hamiltonian
from physml.physics.spring import Spring
from physml.tasks.motion import forecasts_over_future, motion_over_future


def test_the_true_law_gives_the_true_future():
    law, start = Spring(0.5, 2.0), torch.randn(6, 2, dtype=torch.float64)
    future = law.trajectory(start, 0.2, 30)
    found = motion_over_future(law.derivative, start, future, dt=0.2, substeps=16)
    torch.testing.assert_close(found, future, rtol=0, atol=1e-6)
    coarse = motion_over_future(law.derivative, start, future, dt=0.2, substeps=1)
    assert (coarse - future).abs().max() > 1e-3


def test_a_network_with_gradients_of_its_own_moves_in_inference_mode():
    torch.manual_seed(0)
    network, start = Hamiltonian(2, [8]), torch.randn(6, 2)
    expected = motion_over_future(network, start, torch.zeros(6, 5, 2), dt=0.1)
    with torch.inference_mode():
        found = motion_over_future(network, start.clone(), torch.zeros(6, 5, 2), dt=0.1)
    torch.testing.assert_close(found, expected)
    assert not found.requires_grad


def test_forecasts_are_continued_from_their_last_state():
    law, start = Spring(), torch.randn(6, 2, dtype=torch.float64)
    future = law.trajectory(start, 0.2, 10)  # not a multiple of the forecasts' 4
    found = forecasts_over_future(lambda x: law.trajectory(x, 0.2, 4)[:, 1:], start, future)
    torch.testing.assert_close(found, future)
