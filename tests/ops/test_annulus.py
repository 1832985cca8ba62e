import numpy as np
import pytest

from physml.ops.annulus import Annulus

RING = Annulus(0.4 + np.linspace(0.3, 1.5, 60) ** 2, waves=20)
X, Y = (RING.r * turn(RING.angles)[:, None] for turn in (np.cos, np.sin))
F = np.exp(0.6 * X) * np.sin(Y) + X * Y**2
BY_X, BY_Y = 0.6 * np.exp(0.6 * X) * np.sin(Y) + Y**2, np.exp(0.6 * X) * np.cos(Y) + 2 * X * Y
LAPLACIAN = (0.36 - 1) * np.exp(0.6 * X) * np.sin(Y) + 2 * X


def test_waves_and_values_are_the_same_function():
    np.testing.assert_allclose(RING.values(RING.transform(F)), F, atol=1e-9)


def test_slopes_and_laplacian():
    waves = RING.transform(F)
    np.testing.assert_allclose(RING.values(RING.by_radius(waves)), X * BY_X + Y * BY_Y, atol=1e-6)
    np.testing.assert_allclose(RING.values(RING.by_angle(waves)), X * BY_Y - Y * BY_X, atol=1e-6)
    found = np.stack([RING.laplacian(m) @ waves[m] for m in range(21)])
    np.testing.assert_allclose(RING.values(found), RING.r**2 * LAPLACIAN, atol=1e-4)


def test_products_do_not_alias():
    """The longest wave that a product of two has, counted back from the angles, is none that is kept."""
    shortest = np.zeros((21, 60), dtype=complex)
    shortest[20] = 0.5
    squared = RING.transform(RING.values(shortest) ** 2)
    np.testing.assert_allclose(squared[0], 0.5, atol=1e-12)
    assert abs(squared[1:]).max() < 1e-12


def test_an_equation_is_solved_with_a_value_inside_and_a_slope_outside():
    waves = RING.transform(F)
    right = RING.transform(RING.r**2 * LAPLACIAN)
    right[:, 0], right[:, -1] = waves[:, 0], RING.by_radius(waves)[:, -1]
    solve = RING.solver(RING.laplacian, lambda m: RING.at(0), lambda m: RING.across[[-1]])
    np.testing.assert_allclose(RING.values(solve(right)), F, atol=1e-6)


@pytest.mark.parametrize(
    ("radial", "angular", "expected"),
    [(0, 0, "f"), (1, 0, "by r"), (0, 1, "by angle")],
)
def test_between_the_circles(radial, angular, expected):
    x, y = np.array([0.6, -1.1, 0.0]), np.array([0.3, 0.7, -2.2])
    found = RING.interpolate(RING.transform(F))(x, y, radial, angular)
    by_x, by_y = 0.6 * np.exp(0.6 * x) * np.sin(y) + y**2, np.exp(0.6 * x) * np.cos(y) + 2 * x * y
    exact = {
        "f": np.exp(0.6 * x) * np.sin(y) + x * y**2,
        "by r": (x * by_x + y * by_y) / np.hypot(x, y),
        "by angle": x * by_y - y * by_x,
    }[expected]
    np.testing.assert_allclose(found, exact, atol=1e-7)
