import pytest
import torch

from physml.networks.sparse_dynamics import SparseDynamics
from physml.physics.lorenz import Lorenz


def test_the_right_coefficients_are_the_law(seed):
    network, law = SparseDynamics(["x", "y", "z"], degree=2), Lorenz()
    rows = {tuple(row): number for number, row in enumerate(network.powers.tolist())}
    with torch.no_grad():
        for powers, row in law.terms.items():
            network.coefficients[rows[powers]] = torch.tensor(row, dtype=torch.float64)
    x = torch.randn(5, 4, 3)
    torch.testing.assert_close(network(x), law.derivative(x.double()))
    assert network.formulas(3) == ["dx/dt = −10 x + 10 y", "dy/dt = 28 x − 1 y − 1 x z", "dz/dt = −2.67 z + 1 x y"]


def test_an_empty_law_is_written_as_zero():
    assert SparseDynamics(["q"], degree=1).formulas() == ["dq/dt = 0"]


def test_a_constant_is_written_without_its_one():
    network = SparseDynamics(["q"], degree=0)
    torch.nn.init.constant_(network.coefficients, 9.81)
    assert network.formulas() == ["dq/dt = 9.81"]


def test_other_variables_are_refused():
    with pytest.raises(ValueError, match=r"SparseDynamics expected 3 variables, x, y, z, got 2"):
        SparseDynamics(["x", "y", "z"], degree=2)(torch.zeros(4, 2))
