import math

import pytest
import torch

from physml.ops.monomials import exponents, monomial_slopes, monomials, names


@pytest.mark.parametrize(("variables", "degree"), [(1, 4), (2, 3), (3, 5), (4, 0)])
def test_all_monomials_are_there_once(variables, degree):
    powers = exponents(variables, degree)
    assert len(powers) == math.comb(variables + degree, degree)
    assert len({tuple(row) for row in powers.tolist()}) == len(powers)
    assert powers.sum(1).tolist() == sorted(powers.sum(1).tolist())
    assert powers.sum(1).max() == degree


def test_values_are_those_of_the_loops(seed):
    x = torch.randn(4, 5, 3, dtype=torch.float64)
    powers = exponents(3, 4)
    found = monomials(x, powers)
    assert found.shape == (4, 5, len(powers))
    for row, expected in zip(powers.tolist(), found.unbind(-1), strict=True):
        torch.testing.assert_close(x[..., 0] ** row[0] * x[..., 1] ** row[1] * x[..., 2] ** row[2], expected)


def test_names_follow_the_powers():
    assert names(torch.tensor([[0, 0], [1, 3], [12, 1]]), ["x", "v"]) == ["1", "x v³", "x¹² v"]


def test_slopes_are_those_of_the_monomials(seed):
    x, powers = torch.randn(5, 3, dtype=torch.float64), exponents(3, 4)
    expected = torch.stack([torch.autograd.functional.jacobian(lambda row: monomials(row, powers), row).T for row in x])
    torch.testing.assert_close(monomial_slopes(x, powers), expected)
