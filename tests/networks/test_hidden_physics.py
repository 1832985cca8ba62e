import pytest
import torch

from physml.networks.field import Field
from physml.networks.hidden_physics import HiddenPhysics, LearntLaw, formula
from physml.ops.derivatives import derivatives


@pytest.fixture
def physics(seed):
    return HiddenPhysics(Field(["t", "x"], [0.0, -1.0], [2.0, 1.0], hidden=[8, 8]), order=3, hidden=[6])


def test_along_the_field_are_its_slopes_in_space_and_its_rate(physics):
    x = torch.rand(9, 2, dtype=torch.float64)
    z, rate = physics.along(x)
    names = ["u", "u_x", "u_xx", "u_xxx", "u_t"]
    exact = derivatives(physics, x, names, ["t", "x"])
    assert [*physics.inputs, "u_t"] == names
    torch.testing.assert_close(torch.column_stack([z, rate]), torch.stack([exact[name] for name in names], dim=1))


def test_units_of_the_data_do_not_matter_once_they_are_known(seed):
    law, z, rate = LearntLaw(2), torch.randn(50, 2, dtype=torch.float64), torch.randn(50, dtype=torch.float64)
    law.calibrate(z, rate)
    before = law(z)
    assert law.scale.tolist() == pytest.approx((4 * z.std(0)).tolist())
    units = torch.tensor([10.0, 0.1], dtype=torch.float64)
    law.calibrate(z * units, 7 * rate)
    torch.testing.assert_close(law(z * units), 7 * before)


def test_each_rate_depends_on_its_own_point_alone(physics):
    z = torch.randn(5, 4, dtype=torch.float64)
    torch.testing.assert_close(physics.law(z)[2:3], physics.law(z[2:3]))


def test_a_formula_is_read_off_the_law_and_not_off_the_field(physics):
    physics.law.forward = lambda z: 0.5 * z[:, 3] - 2 * z[:, 0] * z[:, 1]
    found = formula(physics, torch.rand(300, 2, dtype=torch.float64), threshold=0.1)
    assert found.terms == pytest.approx({"u_xxx": 0.5, "u u_x": -2.0})


def test_a_field_of_other_variables_is_refused():
    with pytest.raises(ValueError, match=r"expected a field u of t and x, got u of x, t: name them so"):
        HiddenPhysics(Field(["x", "t"], [0.0, 0.0], [1.0, 1.0]), order=2)
