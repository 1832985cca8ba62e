import math

import pytest
import torch

from physml.ops.etdrk4 import _coefficients, etdrk4

RATES = torch.tensor([0.0, -1e-6, -0.3, -40.0], dtype=torch.float64)


def order(linear):
    """Observed order of convergence of v̇ = L v − v³ at t = 1."""
    start = torch.tensor([0.9], dtype=torch.float64)

    def solve(substeps):
        return etdrk4(linear, lambda v: -(v**3), start, 1.0, 1, substeps)[-1]

    exact = solve(4000)
    return math.log2(torch.dist(solve(32), exact) / torch.dist(solve(64), exact))


@pytest.mark.parametrize("rate", [-0.5, 0.5, 1j], ids=["decay", "growth", "rotation"])
def test_order_of_convergence_is_four(rate):
    dtype = torch.complex128 if isinstance(rate, complex) else torch.float64
    assert order(torch.tensor([rate], dtype=dtype)) == pytest.approx(4, abs=0.25)


def test_the_linear_part_is_solved_exactly_in_one_step():
    start = torch.ones(4, dtype=torch.float64)
    path = etdrk4(RATES, torch.zeros_like, start, 0.5, 3, 1)
    t = 0.5 * torch.arange(4, dtype=torch.float64)
    torch.testing.assert_close(path, torch.exp(t[:, None] * RATES), rtol=1e-14, atol=0)


def test_a_constant_drive_is_integrated_exactly():
    path = etdrk4(RATES, torch.ones_like, torch.zeros(4, dtype=torch.float64), 0.5, 1, 1)
    exact = torch.where(RATES == 0, torch.tensor(0.5), torch.expm1(0.5 * RATES) / RATES.clamp(max=-1e-300))
    torch.testing.assert_close(path[-1], exact, rtol=1e-13, atol=0)


def test_coefficients_stay_precise_where_their_formulas_cancel():
    # Their limits at L = 0 are those of the classical Runge–Kutta method.
    _, _, q, f1, f2, f3 = _coefficients(torch.tensor([0.0, 1e-9], dtype=torch.float64), 1.0)
    for found, limit in ((q, 1 / 2), (f1, 1 / 6), (f2, 1 / 6), (f3, 1 / 6)):
        torch.testing.assert_close(found, torch.full((2,), limit, dtype=torch.float64), rtol=1e-8, atol=0)


def test_a_solution_that_blows_up_is_refused():
    with pytest.raises(FloatingPointError, match=r"no longer finite at frame 2 of 4 with 5 steps a frame"):
        etdrk4(torch.zeros(1, dtype=torch.float64), lambda v: v**2, torch.ones(1, dtype=torch.float64), 1.0, 4, 5)
