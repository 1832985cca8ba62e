import pytest
import torch

from physml.constraints.bounds import Bounds


def test_inside_costs_nothing_and_outside_does():
    inside = torch.linspace(-1, 3, 9, dtype=torch.float64)
    assert Bounds(-1.0, 3.0)(inside) == 0
    assert Bounds(-1.0, 3.0)(inside + 0.5) > 0
    assert Bounds(-1.0, 3.0)(inside - 0.5) > 0


def test_one_width_beyond_either_bound_costs_one():
    assert float(Bounds(-1.0, 3.0)(torch.tensor([7.0, -5.0]))) == 1


def test_gradient():
    prediction = torch.tensor([-0.3, 0.4, 1.7], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(Bounds(), prediction)


def test_exchanged_bounds_are_refused():
    with pytest.raises(ValueError, match="expected lower < upper"):
        Bounds(1.0, 0.0)
