import pytest

from physml.ops.linear_sum import linear_sum
from physml.physics.advection import Advection
from physml.physics.allen_cahn import AllenCahn
from physml.physics.burgers import Burgers
from physml.physics.heat import Heat
from physml.physics.helmholtz import Helmholtz
from physml.physics.korteweg_de_vries import KortewegDeVries
from physml.physics.kuramoto_sivashinsky import KuramotoSivashinsky
from physml.physics.poisson import PoissonSquare
from physml.physics.wave import Wave

EQUATIONS = [
    (Advection(2.0), {"u_t": 1.0, "u_x": 2.0}),
    (AllenCahn(1e-4, 5.0), {"u_t": 1.0, "u_xx": -1e-4}),
    (Burgers(0.1), {"u_t": 1.0, "u_xx": -0.1}),
    (Heat(0.3), {"u_t": 1.0, "u_xx": -0.3}),
    (Helmholtz(), {"u_xx": 1.0, "u_yy": 1.0}),
    (KortewegDeVries(0.5), {"u_t": 1.0, "u_xxx": 0.5}),
    (KuramotoSivashinsky(), {"u_t": 1.0, "u_xx": 1.0, "u_xxxx": 1.0}),
    (PoissonSquare(), {"u_xx": 1.0, "u_yy": 1.0}),
    (Wave(2.0), {"u_tt": 1.0, "u_xx": -4.0}),
]


@pytest.mark.parametrize(("equation", "coefficients"), EQUATIONS, ids=lambda each: type(each).__name__)
def test_equations_say_in_which_derivatives_they_are_linear(equation, coefficients):
    assert linear_sum(equation.residual, equation.linear) == pytest.approx(coefficients, abs=1e-12)


def test_one_derivative_is_no_sum():
    assert linear_sum(Burgers(0.1).residual, ["u_t"]) == {}
    assert linear_sum(Burgers(0.1).residual, []) == {}


@pytest.mark.parametrize("linear", [["u_t", "u_x"], ["u_t", "u"], ["u_x", "u_t"]])
def test_one_that_is_not_linear_with_constant_coefficients_is_refused(linear):
    with pytest.raises(ValueError, match=f"expected a residual that is linear in {', '.join(linear)} with constant"):
        linear_sum(Burgers(0.1).residual, linear)


def test_powers_of_derivatives_are_refused():
    with pytest.raises(ValueError, match="with constant coefficients"):
        linear_sum(lambda u_t, u_xx: u_t + u_xx**2, ["u_t", "u_xx"])
