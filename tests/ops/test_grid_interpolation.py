import math

import numpy as np
import torch

from physml.ops.grid_interpolation import grid_interpolation


def wave(x, y, t):
    return np.sin(3 * x) * np.cos(y) * np.exp(-t)


def interpolated(points):
    x, y, t = np.linspace(0, 1, points), np.linspace(0, 2, points + 3), np.linspace(-1, 1, points - 1)
    u = wave(x[:, None, None], y[:, None], t)
    return grid_interpolation({"u": u, "v": 2 + u}, {"x": x, "y": y, "t": t}, ["t", "x", "y"])


def test_values_between_the_points_converge_at_order_eight(seed):
    txy = torch.rand(200, 3, dtype=torch.float64)
    t, x, y = txy.T.numpy()

    def error(points):
        found = interpolated(points)(txy).numpy()
        np.testing.assert_allclose(found[:, 1], 2 + found[:, 0], atol=1e-12)
        return np.abs(found[:, 0] - wave(x, y, t)).max()

    assert error(33) < 1e-9
    assert math.log2(error(12) / error(24)) > 7


def test_a_little_beyond_the_grid_it_goes_on():
    value = interpolated(40)(torch.tensor([[1.01, 1.01, 0.5]], dtype=torch.float64))
    np.testing.assert_allclose(value[0, 0], wave(1.01, 0.5, 1.01), rtol=1e-6)
