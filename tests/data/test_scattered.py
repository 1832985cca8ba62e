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


def test_noise_is_relative_to_the_spread_of_the_values():
    x, y = draw(330, noise=0.1)
    error = y[:, 0] - 100 * x[:, 1] - x[:, 0]
    assert error.std().item() == pytest.approx(0.1 * 60, rel=0.1)
    assert not torch.equal(draw(10)[0], draw(10, seed=1)[0])


def test_more_points_than_there_are_is_refused():
    with pytest.raises(ValueError, match=r"expected at most 330 points, those of the grid up to t = 1, got 331"):
        draw(331)
