import math

import numpy as np
import pytest

from physml.ops.finite_differences import difference_matrix


def uneven(count):
    return np.sinh(np.linspace(-1, 1.5, count))


@pytest.mark.parametrize("order", [1, 2, 3])
def test_polynomials_up_to_the_degree_have_exact_derivatives(order):
    x, derivative = uneven(12), difference_matrix(uneven(12), order, width=5)
    for degree in range(5):
        exact = math.perm(degree, order) * x ** max(degree - order, 0) if degree >= order else 0 * x
        np.testing.assert_allclose(derivative @ x**degree, exact, atol=1e-10)
    assert abs(derivative @ x**5 - math.perm(5, order) * x ** (5 - order)).max() > 1e-3


@pytest.mark.parametrize("order", [1, 2])
def test_the_error_falls_at_the_order_of_the_width(order):
    def error(count):
        x = uneven(count)
        exact = (np.cos(2 * x) * 2, -4 * np.sin(2 * x))[order - 1]
        return abs(difference_matrix(x, order) @ np.sin(2 * x) - exact).max()

    assert math.log2(error(81) / error(161)) > 7 - order - 0.5
    assert error(161) < 1e-5


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"expected more than 2 and at most 9 points in a row, got 2: choose others"):
        difference_matrix(np.arange(9.0), 2, width=2)
    with pytest.raises(ValueError, match="at most 5 points"):
        difference_matrix(np.arange(5.0), 1)
