import pytest
import torch

from physml.constraints.equation_residual import EquationResidual
from physml.networks.field import Field
from physml.ops.point_jacobian import point_jacobian
from physml.physics.burgers import Burgers, shock_conditions


@pytest.fixture
def field(seed):
    return Field(["t", "x"], [0.0, -1.0], [1.0, 1.0], hidden=[5, 4], conditions=shock_conditions)


def test_each_row_is_the_gradient_of_its_own_residual(field):
    law, x = EquationResidual(Burgers(0.1), "tx"), torch.rand(7, 2, dtype=torch.float64)
    r, jacobian = point_jacobian(lambda: law.residual(field, x), list(field.layers))
    weights = [weights for layer in field.layers for weights in layer.parameters()]
    for number, single in enumerate(law.residual(field, x)):
        slopes = torch.autograd.grad(single, weights, retain_graph=True, materialize_grads=True)
        torch.testing.assert_close(jacobian[number], torch.cat([slope.flatten() for slope in slopes]))
        torch.testing.assert_close(r[number], single.detach())


def test_a_layer_that_is_called_twice_is_refused(field):
    x = torch.rand(7, 2, dtype=torch.float64)
    with pytest.raises(ValueError, match=r"expected one call of each layer, got \[2, 2, 2\]"):
        point_jacobian(lambda: (field(x) + field(x))[:, 0], list(field.layers))
