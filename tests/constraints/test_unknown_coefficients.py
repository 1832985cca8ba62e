import math

import pytest
import torch

from physml.constraints.equation_residual import EquationResidual
from physml.constraints.unknown_coefficients import UnknownCoefficients
from physml.networks.field import Field
from physml.ops.point_jacobian import point_jacobian
from physml.physics.burgers import Burgers, UnknownBurgers


def test_a_law_with_its_coefficients_found_is_the_known_one(seed):
    unknown = UnknownCoefficients({"advection": 2.0, "viscosity": 0.1})
    law, x = EquationResidual(UnknownBurgers(), "tx", unknown=unknown), torch.rand(9, 2).double()
    field = Field(["t", "x"], [0.0, -1.0], [1.0, 1.0], hidden=[5])
    assert law.names == ["u", "u_t", "u_x", "u_xx"]
    torch.testing.assert_close(law.residual(field, x), field.derivatives(x, ["u_t"])["u_t"])
    with torch.no_grad():
        unknown.bias.copy_(torch.tensor([0.5, 3.0]))
    torch.testing.assert_close(law.residual(field, x), EquationResidual(Burgers(0.3), "tx").residual(field, x))


def test_the_jacobian_has_their_columns_last(seed):
    unknown = UnknownCoefficients({"advection": 2.0, "viscosity": 0.1})
    law, x = EquationResidual(UnknownBurgers(), "tx", unknown=unknown), torch.rand(9, 2).double()
    field = Field(["t", "x"], [0.0, -1.0], [1.0, 1.0], hidden=[5])
    _, jacobian = point_jacobian(lambda: law.residual(field, x)[:, None], [*field.layers, unknown])
    at = field.derivatives(x, ["u", "u_x", "u_xx"])
    torch.testing.assert_close(jacobian[:, -2], 2 * at["u"].detach() * at["u_x"].detach())
    torch.testing.assert_close(jacobian[:, -1], -0.1 * at["u_xx"].detach())


def test_estimates_have_the_units_of_the_coefficients():
    unknown = UnknownCoefficients({"advection": 2.0, "viscosity": 0.1})
    assert all(math.isnan(spread) for _, spread in unknown.estimates().values())
    with torch.no_grad():
        unknown.bias.copy_(torch.tensor([0.5, 3.0]))
    unknown.set_variances(torch.tensor([0.04, 0.01], dtype=torch.float64))
    assert {name: [round(n, 9) for n in pair] for name, pair in unknown.estimates().items()} == {
        "advection": [1.0, 0.4],
        "viscosity": [0.3, 0.01],
    }


def test_the_truth_is_of_the_same_coefficients():
    assert UnknownCoefficients({"a": 1.0}, {"a": 3.0}).truth == {"a": 3.0}
    with pytest.raises(ValueError, match=r"expected the truth of a, b, got that of a: give all or none"):
        UnknownCoefficients({"a": 1.0, "b": 1.0}, {"a": 3.0})
