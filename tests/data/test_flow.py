import numpy as np
import pytest

from physml.data.flow import FlowSource, saved_solution


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


def test_a_saved_solution_is_the_same(tmp_path):
    np.savez(tmp_path / "flow.npz", **solution())
    found = saved_solution(str(tmp_path / "flow.npz"))
    assert found.keys() == solution().keys()
    np.testing.assert_array_equal(found["v"], solution()["v"])
