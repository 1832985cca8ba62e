import math

import pytest
import torch
from torch import nn

from physml.cli.compose import compose_config
from physml.constraints.causal import CausalImportance
from physml.constraints.equation_residual import EquationResidual
from physml.networks.field import Field
from physml.physics.burgers import Burgers
from physml.physics.helmholtz import Helmholtz
from physml.physics.korteweg_de_vries import KortewegDeVries
from physml.physics.lotka_volterra import LotkaVolterra
from physml.physics.nonlinear_schrodinger import NonlinearSchrodinger
from physml.runs.build import build


class Soliton(nn.Module):
    """An exact solution, as if it were a network."""

    def __init__(self, speed=1.5):
        super().__init__()
        self.speed = speed

    def forward(self, x):
        return KortewegDeVries().soliton(x[:, 1:], x[:, :1], self.speed)


@pytest.fixture
def x(seed):
    return torch.randn(50, 2, dtype=torch.float64)


def test_an_exact_solution_has_none(x):
    law = EquationResidual(KortewegDeVries(), "tx")
    assert law(Soliton(), x) < 1e-24
    assert EquationResidual(KortewegDeVries(dispersion=1.01), "tx")(Soliton(), x) > 1e-4


def test_a_complex_field_is_taken_by_its_modulus(x):
    law = EquationResidual(NonlinearSchrodinger(), "tx")
    u = NonlinearSchrodinger().bound_solitons(x[:, 1], x[:, 0])
    residual = law.equation.residual(u=u, u_t=0 * u, u_xx=0 * u)
    assert residual.abs().square().mean() == pytest.approx(float((u.abs() ** 6).mean()))


class Solitons(nn.Module):
    """Real and imaginary part of the bound state of two solitons."""

    def forward(self, x):
        return torch.view_as_real(NonlinearSchrodinger().bound_solitons(x[:, 1], x[:, 0]))


def test_a_complex_field_is_put_together_from_its_parts(x):
    law = EquationResidual(NonlinearSchrodinger(), "tx", outputs=["p", "q"], parts={"u": ("p", "q")})
    assert law(Solitons(), x) < 1e-20
    swapped = EquationResidual(NonlinearSchrodinger(), "tx", outputs=["p", "q"], parts={"u": ("q", "p")})
    assert swapped(Solitons(), x) > 1e-2
    field = Field(["t", "x"], [-3.0, -3.0], [3.0, 3.0], outputs=["p", "q"])
    torch.testing.assert_close(law.residual(field, x), law.residual(nn.Sequential(field), x))


def test_an_error_counts_by_its_importance(x):
    field = Field(["t", "x"], [-3.0, -3.0], [3.0, 3.0])
    plain = EquationResidual(Burgers(0.1), "tx").residual(field, x)
    weighted = EquationResidual(Burgers(0.1), "tx", importance=lambda x: x[:, 0]).residual(field, x)
    torch.testing.assert_close(weighted, x[:, 0] * plain)


def test_forward_and_reverse_mode_agree(x):
    field, law = Field(["t", "x"], [-3.0, -3.0], [3.0, 3.0]), EquationResidual(KortewegDeVries(), "tx")
    assert law.names == ["u", "u_t", "u_x", "u_xxx"]
    torch.testing.assert_close(law.residual(field, x), law.residual(nn.Sequential(field), x))
    assert law(field, x).item() == pytest.approx(law.residual(field, x).square().mean().item())


def test_the_configured_equation_is_the_one_that_the_reference_solves():
    # By central differences of the closed form, away from the shock.
    config = compose_config("train", ["experiment=paper/raissi2019_burgers"])
    equation = build(config["task"]["constraints"]["burgers"]).equation
    h, x, t = 1e-3, 0.6, 0.2
    grid = h * torch.arange(-2, 3, dtype=torch.float64)
    u = Burgers(0.01 / math.pi).from_sine(x + grid, t + grid)
    first, second = (torch.tensor(w, dtype=torch.float64) / 12 for w in ([1, -8, 0, 8, -1], [-1, 16, -30, 16, -1]))
    terms = {"u": u[2, 2], "u_t": u[2] @ first / h, "u_x": first @ u[:, 2] / h, "u_xx": second @ u[:, 2] / h**2}
    assert equation.residual(**terms).abs() < 1e-7
    assert (0.01 * equation.viscosity * terms["u_xx"]).abs() > 1e-5  # so a viscosity that is 1 % off is noticed


def test_a_source_is_read_at_the_points(seed):
    equation, xy = Helmholtz(2.0, 1.0, 3.0), torch.rand(50, 2, dtype=torch.float64)

    def exact(points):
        return equation.solution(points[:, :1], points[:, 1:])

    law = EquationResidual(equation, "xy")
    assert law.names == ["u", "u_xx", "u_yy"]
    assert law(exact, xy) < 1e-20
    assert law(exact, xy.flip(1)) < 1e-20  # the field moves with its points, and the source with both
    assert EquationResidual(equation, "yx")(exact, xy) > 1  # here it does not
    field = Field(["x", "y"], [0.0, 0.0], [1.0, 1.0])
    torch.testing.assert_close(law.residual(field, xy), law.residual(nn.Sequential(field), xy))


@pytest.mark.parametrize(
    ("equation", "variables", "channels"),
    [(Burgers(0.1), "tx", 3), (KortewegDeVries(), "tx", 4), (Helmholtz(), "xy", 4)],
)
def test_derivatives_with_constant_coefficients_go_through_a_field_as_one(
    x, monkeypatch, equation, variables, channels
):
    field, law = Field(list(variables), [-3.0, -3.0], [3.0, 3.0], hidden=[6]), EquationResidual(equation, variables)
    widths, forward = [], Field._network
    monkeypatch.setattr(Field, "_network", lambda *given: widths.append(len(given[2])) or forward(*given))
    found = law.residual(field, x)
    assert widths == [channels]
    torch.testing.assert_close(found, law.residual(nn.Sequential(field), x))


def test_several_equations_are_added_up_and_weighed_alike(seed):
    t = torch.rand(20, 1, dtype=torch.float64)
    causal = CausalImportance(0.0, 1.0, slices=4, tolerance=0.1)
    law = EquationResidual(LotkaVolterra(), "t", ("x", "y"), importance=causal).train()

    def field(t):
        return torch.cat([1 + t, 2 - t**2], dim=1)

    omega, r = law(field, t), law.residual(field, t)
    assert r.shape == (20, 2)
    assert omega.item() == pytest.approx(r.square().sum(1).mean().item())
    plain = EquationResidual(LotkaVolterra(), "t", ("x", "y")).residual(field, t)
    torch.testing.assert_close(r, causal(t)[:, None] * plain)
    assert causal.factors[-1] < 1


def test_points_with_another_number_of_variables_are_refused():
    law = EquationResidual(LotkaVolterra(), "t", ("x", "y"))
    with pytest.raises(ValueError, match="expected points with the variables t, got 2 columns"):
        law(lambda x: x, torch.rand(5, 2))
