import pytest
import torch

from physml.networks.field import Field
from physml.networks.hidden_physics import HiddenPhysics, formula
from physml.ops.derivatives import derivatives

NAMES = ["u", "u_x", "v_xx", "u_xxx"]


@pytest.fixture
def physics(seed):
    field = Field(["t", "x"], [0.0, -1.0], [2.0, 1.0], outputs=["u", "v", "p"], hidden=[8, 8])
    return HiddenPhysics(field, NAMES, rates=["u_t", "v_t"], hidden=[6])


def test_along_the_fields_are_what_the_law_reads_and_their_rates(physics):
    x = torch.rand(9, 2, dtype=torch.float64)
    z, rate = physics.along(x)
    exact = derivatives(physics, x, [*NAMES, "u_t", "v_t"], ["t", "x"], ["u", "v", "p"])
    torch.testing.assert_close(
        torch.cat([z, rate], dim=1), torch.stack(list(map(exact.get, [*NAMES, "u_t", "v_t"])), 1)
    )
    assert physics.law(z).shape == rate.shape


def test_each_rate_depends_on_its_own_point_alone(physics):
    z = torch.randn(5, 4, dtype=torch.float64)
    torch.testing.assert_close(physics.law(z)[2:3], physics.law(z[2:3]))


def test_a_formula_is_read_off_the_law_and_not_off_the_fields(physics):
    physics.law.forward = lambda z: torch.stack([0.5 * z[:, 3] - 2 * z[:, 0] * z[:, 1], 3 * z[:, 2]], dim=1)
    found = formula(physics, torch.rand(300, 2, dtype=torch.float64), threshold=0.1)
    assert found.terms == pytest.approx({"u_t: u_xxx": 0.5, "u_t: u u_x": -2.0, "v_t: v_xx": 3.0})


def test_names_that_the_field_does_not_know_are_refused():
    field = Field(["t", "x"], [0.0, 0.0], [1.0, 1.0])
    for inputs, rates, wrong in ((["u", "v"], ["u_t"], "v"), (["u", "u_y"], ["u_t"], "u_y"), (["u"], ["w_t"], "w_t")):
        with pytest.raises(ValueError, match=rf"expected derivatives of u by t, x, got '{wrong}': rename it"):
            HiddenPhysics(field, inputs, rates)
