import pytest
import torch

from physml.ops.monomials import exponents, monomials
from physml.ops.sparse_coordinates import sparsest_coordinates
from physml.physics.lorenz import Lorenz

POWERS = exponents(3, 2)


@pytest.fixture
def mixed(seed):
    s = Lorenz().trajectory((-8.0, 8.0, 27.0), 0.05, 199)
    matrix = torch.randn(3, 3, dtype=torch.float64)
    return s @ matrix + 3.0, Lorenz().derivative(s) @ matrix


def law(z, rate):
    terms = monomials(z, POWERS)
    found = torch.linalg.lstsq(terms, rate).solution
    spread = torch.where(POWERS.sum(1) == 0, 1.0, terms.std(0))
    return found * spread[:, None] / rate.std(0)


def test_lorenz_law_has_seven_terms_again_after_any_affine_map(mixed):
    z, rate = mixed
    assert (law(z, rate).abs() > 0.02).sum() > 20
    matrix, shift = sparsest_coordinates(z, rate, POWERS, starts=3, generator=torch.Generator().manual_seed(1))
    found = z @ matrix + shift
    shares = law(found, rate @ matrix).abs()
    assert (shares > 0.02).sum() == 7
    assert shares[shares > 0.02].min() > 0.1
    torch.testing.assert_close(found.std(0), torch.ones(3, dtype=torch.float64))


def test_coordinates_that_are_sparse_stay(seed):
    z = torch.randn(50, 2, dtype=torch.float64) + 2.0
    z = z / z.std(0)
    rate = torch.stack([z[:, 1], -z[:, 0]], dim=1)
    matrix, shift = sparsest_coordinates(z, rate, exponents(2, 2), starts=0, generator=torch.Generator())
    torch.testing.assert_close(matrix, torch.eye(2, dtype=torch.float64), atol=0.02, rtol=0)
    torch.testing.assert_close(shift, torch.zeros(2, dtype=torch.float64), atol=0.05, rtol=0)


def test_coordinates_that_are_functions_of_others_are_refused():
    z = torch.randn(50, 1, dtype=torch.float64) * torch.tensor([1.0, 2.0])
    with pytest.raises(ValueError, match="expected independent coordinates, got some that are functions of the others"):
        sparsest_coordinates(z, z, torch.tensor([[0, 0], [1, 0], [0, 1]]), 0, torch.Generator())


def test_one_coordinate_has_a_scale_and_a_shift(seed):
    z = torch.rand(50, 1, dtype=torch.float64)
    powers = torch.arange(3)[:, None]
    matrix, shift = sparsest_coordinates(z, 2 * z * (1 - z), powers, starts=2, generator=torch.Generator())
    new = z @ matrix + shift
    law = torch.linalg.lstsq(torch.cat([new**0, new, new**2], dim=1), 2 * z * (1 - z) @ matrix).solution
    assert int((law.abs() > 1e-2).sum()) == 2
