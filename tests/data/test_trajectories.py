import numpy as np
import pytest
import torch

from physml.data.trajectories import DoublePendulumSource
from physml.physics.double_pendulum import DoublePendulum, Energy, decode


def test_shapes_and_types():
    arrays = DoublePendulumSource(observed=5, horizon=7)(4, np.random.default_rng(0))
    assert {name: tuple(array.shape) for name, array in arrays.events.items()} == {
        "x": (4, 5, 6), "y": (4, 7, 6), "truth": (4, 7, 6),
    }  # fmt: skip
    assert all(array.dtype == torch.float32 for array in arrays.events.values())


def test_the_future_follows_from_the_last_observed_state():
    arrays = DoublePendulumSource(observed=5, horizon=7, dt=0.3)(8, np.random.default_rng(0))
    theta, omega = decode(arrays.events["x"][:, -1].double())
    path = DoublePendulum().trajectory(theta, omega, 0.3, 7)
    for expected, got in zip(path, decode(arrays.events["y"].double()), strict=True):
        torch.testing.assert_close(torch.sin(expected[:, 1:]), torch.sin(got), rtol=0, atol=1e-4)
    torch.testing.assert_close(arrays.events["y"], arrays.events["truth"])


def test_without_noise_energy_is_the_same_in_the_past_and_in_the_future():
    arrays = DoublePendulumSource(observed=5, horizon=7)(50, np.random.default_rng(0))
    energy = Energy()(torch.cat([arrays.events["x"], arrays.events["y"]], dim=1).double())
    assert (energy - energy[:, :1]).abs().max() < 1e-5


def test_noise_has_its_standard_deviation_and_spares_the_truth():
    noise, count = 0.05, 400
    clean, noisy = (DoublePendulumSource(noise=s)(count, np.random.default_rng(0)).events for s in (0.0, noise))
    torch.testing.assert_close(noisy["truth"], clean["truth"])
    for name in ("x", "y"):
        for got, true in zip(decode(noisy[name]), decode(clean[name]), strict=True):
            difference = torch.atan2(torch.sin(got - true), torch.cos(got - true))
            # 5 standard errors of a standard deviation
            assert difference.std() == pytest.approx(noise, rel=5 / (2 * difference.numel()) ** 0.5)


def test_draws_are_reproducible_and_differ_between_seeds():
    source = DoublePendulumSource(noise=0.1)
    first, second, other = (source(3, np.random.default_rng(seed)).events["x"] for seed in (1, 1, 2))
    torch.testing.assert_close(first, second, rtol=0, atol=0)
    assert not torch.allclose(first, other)


@pytest.mark.parametrize("arguments", [{"observed": 0}, {"horizon": 0}, {"noise": -0.1}])
def test_senseless_windows_are_refused(arguments):
    with pytest.raises(ValueError, match="expected observed >= 1, horizon >= 1 and noise >= 0"):
        DoublePendulumSource(**arguments)
