import pytest
import torch

from physml.constraints.equation_residual import EquationResidual
from physml.constraints.unknown_coefficients import UnknownCoefficients
from physml.networks.field import Field
from physml.ops.point_jacobian import point_jacobian
from physml.physics.burgers import Burgers, UnknownBurgers, shock_conditions


@pytest.fixture
def field(seed):
    return Field(["t", "x"], [0.0, -1.0], [1.0, 1.0], hidden=[5, 4], conditions=shock_conditions)


def test_each_row_is_the_gradient_of_its_own_residual(field):
    law, x = EquationResidual(Burgers(0.1), "tx"), torch.rand(7, 2, dtype=torch.float64)
    r, jacobian = point_jacobian(lambda: law.residual(field, x)[:, None], list(field.layers))
    weights = [weights for layer in field.layers for weights in layer.parameters()]
    for number, single in enumerate(law.residual(field, x)):
        slopes = torch.autograd.grad(single, weights, retain_graph=True, materialize_grads=True)
        torch.testing.assert_close(jacobian[number], torch.cat([slope.flatten() for slope in slopes]))
        torch.testing.assert_close(r[number], single.detach())


def test_kinds_of_residuals_follow_each_other_and_calls_add_up(field):
    law, x = EquationResidual(Burgers(0.1), "tx"), torch.rand(7, 2, dtype=torch.float64)

    def residuals():
        return torch.stack([law.residual(field, x) * field(x)[:, 0], field(x)[:, 0]], dim=1)

    r, jacobian = point_jacobian(residuals, list(field.layers))
    for number, single in enumerate(residuals().T.flatten()):
        slopes = torch.autograd.grad(single, [*field.parameters()], retain_graph=True, materialize_grads=True)
        torch.testing.assert_close(jacobian[number], torch.cat([slope.flatten() for slope in slopes]))
        torch.testing.assert_close(r[number], single.detach())


def test_a_kind_that_knows_nothing_of_a_layer_has_zeros_there(field):
    unknown = UnknownCoefficients({"advection": 1.0, "viscosity": 0.1})
    law, x = EquationResidual(UnknownBurgers(), "tx", unknown=unknown), torch.rand(7, 2, dtype=torch.float64)
    _, jacobian = point_jacobian(
        lambda: torch.stack([field(x)[:, 0], law.residual(field, x)], dim=1), [*field.layers, unknown]
    )
    assert jacobian.shape == (14, sum(each.numel() for each in field.parameters()) + 2)
    assert (jacobian[:7, -2:] == 0).all()
    assert (jacobian[7:, -2:] != 0).all()
    torch.testing.assert_close(jacobian[:7, :-2], point_jacobian(lambda: field(x), list(field.layers))[1])


def test_points_one_by_one_are_refused(field):
    x = torch.rand(7, 2, dtype=torch.float64)
    with pytest.raises(ValueError, match=r"expected calls of all 3 layers with 7 points each, got 21 with \[1, 1"):
        point_jacobian(lambda: torch.cat([field(point[None]) for point in x]), list(field.layers))
