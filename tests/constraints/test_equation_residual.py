import pytest
import torch
from torch import nn

from physml.constraints.equation_residual import EquationResidual
from physml.networks.field import Field
from physml.physics.korteweg_de_vries import KortewegDeVries
from physml.physics.nonlinear_schrodinger import NonlinearSchrodinger


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


def test_forward_and_reverse_mode_agree(x):
    field, law = Field(["t", "x"], [-3.0, -3.0], [3.0, 3.0]), EquationResidual(KortewegDeVries(), "tx")
    assert law.names == ["u", "u_t", "u_x", "u_xxx"]
    torch.testing.assert_close(law.residual(field, x), law.residual(nn.Sequential(field), x))
    assert law(field, x).item() == pytest.approx(law.residual(field, x).square().mean().item())
