import pytest
import torch

from physml.networks.field import Field
from physml.physics.burgers import shock_conditions


def test_conditions_hold_for_all_weights(seed):
    x = torch.linspace(-1, 1, 9, dtype=torch.float64)
    for _ in range(3):
        field = Field(["t", "x"], [0.0, -1.0], [1.0, 1.0], conditions=shock_conditions)
        start = field(torch.stack([torch.zeros(9), x], dim=1))
        torch.testing.assert_close(start[:, 0], -torch.sin(torch.pi * x))
        for wall in (-1.0, 1.0):
            walls = field(torch.stack([torch.linspace(0, 1, 9), torch.full((9,), wall)], dim=1))
            assert walls.abs().max() < 1e-15


def test_single_precision_is_a_choice():
    field = Field(["t"], [0.0], [1.0], double=False)
    assert field(torch.rand(3, 1, dtype=torch.float64)).dtype == torch.float32
    assert Field(["t"], [0.0], [1.0])(torch.rand(3, 1)).dtype == torch.float64


@pytest.mark.parametrize(("lower", "upper"), [([0.0], [1.0, 1.0]), ([0.0, 1.0], [1.0, 1.0])])
def test_a_box_without_volume_is_refused(lower, upper):
    with pytest.raises(ValueError, match=r"expected a lower and a higher corner in t, x, got"):
        Field(["t", "x"], lower, upper)


@pytest.mark.parametrize("name", ["v", "u_y"])
def test_unknown_derivatives_are_refused(name):
    with pytest.raises(ValueError, match=r"expected derivatives of u by t, x, got"):
        Field(["t", "x"], [0.0, 0.0], [1.0, 1.0]).derivatives(torch.rand(3, 2), [name])
