import numpy as np
import pytest
import torch

from physml.data.scattered import ScatteredSource


def solution():
    x, t = np.linspace(-1, 1, 30), np.linspace(0, 2, 21)
    return {"x": x, "t": t, "u": 100 * x[:, None] + t}


def draw(count, noise=0.0, seed=0):
    arrays = ScatteredSource(solution, until=1.0, noise=noise)(count, np.random.default_rng(seed)).events
    return arrays["x"], arrays["y"]


def test_values_are_those_of_the_solution_at_early_points_each_drawn_once():
    x, y = draw(330)
    torch.testing.assert_close(y[:, 0], 100 * x[:, 1] + x[:, 0])
    assert x[:, 0].max() == 1
    assert len(x.unique(dim=0)) == 330
    assert x.dtype == y.dtype == torch.float64


def test_the_solution_is_asked_for_once_for_all_splits():
    asked = []
    source = ScatteredSource(lambda: asked.append(0) or solution(), until=1.0)
    splits = [source(330, np.random.default_rng(seed)).events["y"].sort(0).values for seed in range(3)]
    assert len(asked) == 1
    assert torch.equal(splits[0], splits[1])
    assert torch.equal(splits[0], splits[2])


def test_noise_is_relative_to_the_spread_of_the_values():
    x, y = draw(330, noise=0.1)
    error = y[:, 0] - 100 * x[:, 1] - x[:, 0]
    assert error.std().item() == pytest.approx(0.1 * 60, rel=0.1)
    assert not torch.equal(draw(10)[0], draw(10, seed=1)[0])


def test_a_complex_field_is_its_real_and_its_imaginary_part():
    found = solution()
    found["u"] = found["u"] + 1j * found["x"][:, None] * found["t"]
    arrays = ScatteredSource(lambda: found, until=1.0)(50, np.random.default_rng(0)).events
    t, x = arrays["x"].T
    torch.testing.assert_close(arrays["y"], torch.stack([100 * x + t, x * t], dim=1))


def test_several_fields_in_the_plane_are_read_at_the_same_point_each_with_noise_of_its_own():
    x, y, t = np.linspace(0, 1, 20), np.linspace(2, 5, 30), np.linspace(0, 2, 11)
    grid = np.stack(np.meshgrid(x, y, t, indexing="ij"))
    found = {"x": x, "y": y, "t": t, "w": grid[0] + 10 * grid[1] + 100 * grid[2], "u": 1e-3 * grid[1]}
    for noise in (0.0, 0.2):
        source = ScatteredSource(lambda: found, until=1.0, noise=noise, places=["x", "y"], fields=["w", "u"])
        arrays = source(2000, np.random.default_rng(0)).events
        t_drawn, x_drawn, y_drawn = arrays["x"].T
        exact = torch.stack([x_drawn + 10 * y_drawn + 100 * t_drawn, 1e-3 * y_drawn], dim=1)
        error = (arrays["y"] - exact).std(0) / exact.std(0)
        assert error.tolist() == pytest.approx([noise, noise], rel=0.1, abs=1e-12)
        assert t_drawn.max() == 1
        assert len(arrays["x"].unique(dim=0)) == 2000


def test_all_times_are_drawn_if_none_is_the_last():
    points = ScatteredSource(solution)(630, np.random.default_rng(0)).events["x"]
    assert len(points.unique(dim=0)) == 630
    with pytest.raises(ValueError, match=r"expected at most 630 points, those of the grid up to t = 2, got 631"):
        ScatteredSource(solution)(631, np.random.default_rng(0))


def test_more_points_than_there_are_is_refused():
    with pytest.raises(ValueError, match=r"expected at most 330 points, those of the grid up to t = 1, got 331"):
        draw(331)


def test_a_last_time_before_the_first_one_is_refused():
    with pytest.raises(ValueError, match=r"expected a time from 0 on as the last one, got until=-1: raise it"):
        ScatteredSource(solution, until=-1.0)(5, np.random.default_rng(0))
