import math

import numpy as np
import pytest
import torch

from physml.ops.grid_derivatives import grid_derivatives


def wave(points):
    x = np.linspace(0, 3, points)
    return x, np.sin(6 * x)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_order_of_convergence_is_eight_less_the_derivative(order):
    name = "u_" + order * "x"

    def error(points):
        x, u = wave(points)
        exact = 6**order * np.sin(6 * x + order * math.pi / 2)
        middle = slice(points // 3, -points // 3)
        return np.abs(grid_derivatives({"u": u}, {"x": x}, [name])[name].numpy() - exact)[middle].max()

    # At equally spaced points of a spline of odd degree, odd derivatives are more accurate by one order.
    assert math.log2(error(49) / error(97)) == pytest.approx(8 - order + order % 2, abs=0.2)


def test_a_polynomial_of_the_splines_degree_is_exact_on_uneven_points():
    x, t = np.sort(np.random.default_rng(0).uniform(0, 1, 12)), np.linspace(-1, 1, 9) ** 3
    u = x[:, None] ** 7 * t + x[:, None] ** 2 * t**3
    found = grid_derivatives({"u": u}, {"x": x, "t": t}, ["u", "u_xx", "u_tx", "u_xt", "x", "t"])
    exact = 42 * x[:, None] ** 5 * t + 2 * t**3
    np.testing.assert_allclose(found["u_xx"], exact, rtol=0, atol=1e-8)
    np.testing.assert_allclose(found["u_tx"], 7 * x[:, None] ** 6 + 6 * x[:, None] * t**2, rtol=0, atol=1e-8)
    torch.testing.assert_close(found["u_xt"], found["u_tx"])
    assert np.array_equal(found["u"], u)
    assert np.array_equal(found["x"], np.broadcast_to(x[:, None], u.shape))
    assert np.array_equal(found["t"], np.broadcast_to(t, u.shape))


def test_complex_fields_and_several_of_them():
    x = np.linspace(0, 1, 40)
    found = grid_derivatives({"u": np.exp(3j * x), "v": x**2}, {"x": x}, ["u_x", "v_x"])
    np.testing.assert_allclose(found["u_x"], 3j * np.exp(3j * x), atol=1e-8)
    np.testing.assert_allclose(found["v_x"], 2 * x, atol=1e-12)


@pytest.mark.parametrize("name", ["v_x", "u_y", "u_", "w", "y"])
def test_what_cannot_be_differentiated_is_refused(name):
    x, u = wave(20)
    with pytest.raises(ValueError, match=f"expected derivatives of u by x, got '{name}': rename it"):
        grid_derivatives({"u": u}, {"x": x}, [name])


def test_too_few_points_are_refused():
    x, u = wave(7)
    with pytest.raises(ValueError, match="expected more than 7 points of x, got 7: take a finer grid"):
        grid_derivatives({"u": u}, {"x": x}, ["u"])
