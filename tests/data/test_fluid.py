import numpy as np
import pytest
import torch

from physml.data.fluid import WaterSource
from physml.physics.fluid import simulate


def test_windows_are_pieces_of_trajectories():
    arrays = WaterSource(observed=3, horizon=4, windows=2, frames=12)(5, np.random.default_rng(0))
    drawn = simulate(np.random.default_rng(0), 3, frames=12)
    batch = arrays[torch.arange(5)]
    assert len(arrays) == 5
    assert batch["x"].shape[1:] == (3, 2)
    assert batch["future"].shape[1:] == (4, 2)
    begun = []
    for event, (a, b) in enumerate(zip(batch["offsets"][:-1].tolist(), batch["offsets"][1:].tolist(), strict=True)):
        start, stop = drawn["offsets"][event // 2 : event // 2 + 2]
        path = torch.from_numpy(drawn["x"][start:stop])
        window = torch.cat([batch["x"][a:b], batch["future"][a:b]], dim=1)
        places = [t for t in range(7) if torch.equal(path[:, t : t + 7], window)]
        assert len(places) == 1
        begun.append((event // 2, places[0]))
    assert len(set(begun)) == 5
    torch.testing.assert_close(batch["y"], batch["future"][:, 0])


def test_frames_farther_apart_take_more_steps():
    with pytest.raises(ValueError, match="take at least 12"):
        WaterSource(windows=1, frames=7, dt=0.02)(1, np.random.default_rng(0))
    points = WaterSource(windows=1, frames=7, dt=0.02, substeps=12)(1, np.random.default_rng(0)).points
    drawn = simulate(np.random.default_rng(0), 1, frames=7, dt=0.02, substeps=12)["x"]
    assert any(np.array_equal(points["x"], drawn[:, t : t + 6]) for t in range(2))


def test_without_a_horizon_there_is_only_the_next_frame():
    points = WaterSource(windows=3, frames=8)(3, np.random.default_rng(0)).points
    assert set(points) == {"x", "y"}
    assert points["x"].dtype == points["y"].dtype == torch.float32


def test_all_windows_may_be_taken():
    arrays = WaterSource(observed=2, windows=4, frames=5)(4, np.random.default_rng(0))
    first = arrays[slice(None)]["x"].unflatten(0, (4, -1))
    torch.testing.assert_close(first[1:, :, 0], first[:-1, :, 1])


def test_draws_are_reproducible_and_differ_between_seeds():
    source = WaterSource(windows=1, frames=8)
    first, again, other = (source(2, np.random.default_rng(seed)).points["x"] for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert first.shape != other.shape or not torch.allclose(first, other)


@pytest.mark.parametrize("arguments", [{"windows": 4}, {"windows": 0}, {"windows": 1, "horizon": 9}])
def test_more_windows_than_there_are(arguments):
    with pytest.raises(ValueError, match="windows of a trajectory of 8 frames"):
        WaterSource(**{"frames": 8, "observed": 6} | arguments)
