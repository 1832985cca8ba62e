import numpy as np
import pytest
import torch

from physml.data.flow import FlowSource, MeasuredFlowSource, saved_solution


def solution():
    x, y, t = np.linspace(1, 8, 12), np.linspace(-2, 2, 9), 0.1 * np.arange(8)
    grid = np.meshgrid(x, y, t, indexing="ij")
    return {"x": x, "y": y, "t": t} | dict(zip("uvp", fields(*grid), strict=True))


def fields(x, y, t):
    return x + 10 * y, np.cos(t) * x, y**2 - t


def test_the_grid_is_given_time_by_time():
    arrays = FlowSource(solution, every=3)(3 * 108, np.random.default_rng(0)).events
    x, y = arrays["x"], arrays["y"]
    assert x[:, 0].unique().tolist() == pytest.approx([0.0, 0.3, 0.6])
    assert (x[:108, 0] == 0).all()
    np.testing.assert_allclose(y.numpy(), np.stack(fields(x[:, 1].numpy(), x[:, 2].numpy(), x[:, 0].numpy()), axis=1))
    with pytest.raises(ValueError, match=r"expected at most 324 points, the grid of the flow, got 325"):
        FlowSource(solution, every=3)(325, np.random.default_rng(0))


def test_measurements_scatter_about_the_flow_each_by_its_own_spread():
    exact = MeasuredFlowSource(solution)(800, np.random.default_rng(0)).events
    x = exact["x"].numpy()
    np.testing.assert_allclose(exact["y"].numpy(), np.stack(fields(x[:, 1], x[:, 2], x[:, 0]), axis=1))
    assert len(exact["x"].unique(dim=0)) == 800
    noisy = MeasuredFlowSource(solution, noise=0.1)(800, np.random.default_rng(0)).events
    found = (noisy["y"] - exact["y"]).std(0) / torch.tensor([solution()[name].std() for name in "uvp"])
    assert found.tolist() == pytest.approx([0.1] * 3, rel=0.1)
    with pytest.raises(ValueError, match=r"expected at most 864 points"):
        MeasuredFlowSource(solution)(865, np.random.default_rng(0))


def test_a_saved_solution_is_the_same(tmp_path):
    np.savez(tmp_path / "flow.npz", **solution())
    found = saved_solution(str(tmp_path / "flow.npz"))
    assert found.keys() == solution().keys()
    np.testing.assert_array_equal(found["v"], solution()["v"])
