import math

import pytest
import torch
from torch import nn

from physml.cli.compose import compose_config
from physml.constraints.condition import Condition
from physml.constraints.equation_residual import EquationResidual
from physml.networks.field import Field
from physml.physics.burgers import Burgers, shock
from physml.runs.build import build


class Exact(nn.Module):
    """The solution of Burgers' equation as if it were a network, off by a constant."""

    def __init__(self, off=0.0):
        super().__init__()
        self.off = off

    def forward(self, x):
        solution = Burgers(0.01 / math.pi)
        return torch.stack([solution.from_sine(row[1:], row[:1])[0] for row in x]) + self.off


@pytest.mark.parametrize("name", ["start", "walls"])
def test_the_reference_meets_the_configured_conditions_and_another_field_does_not(name):
    config = compose_config("train", ["experiment=burgers_soft"])
    law = build(config["task"]["constraints"][name])
    assert law(Exact()) < 1e-24
    assert law(Exact(off=0.1)).item() == pytest.approx(0.01)
    corners = {"start": [[0, -1], [0, 1]], "walls": [[0, -1], [0, 1], [1, -1], [1, 1]]}[name]
    for corner in corners:
        assert (law.x == torch.tensor(corner)).all(dim=1).any()


def test_the_configured_equation_and_data_have_one_viscosity():
    config = compose_config("train", ["experiment=burgers_soft"])
    assert isinstance(build(config["task"]["loss"]), EquationResidual)
    assert config["task"]["loss"]["equation"]["viscosity"] == 0.01 / math.pi
    u = build(config["data"]["test_source"]["solution"])()["u"]
    assert abs(u - shock(viscosity=0.01 / math.pi)["u"]).max() == 0
    assert abs(u - shock(viscosity=0.011 / math.pi)["u"]).max() > 0.01


def test_the_scale_counts_as_one():
    def values():
        return torch.rand(7, 2, dtype=torch.float64), torch.full((7, 1), 2.0, dtype=torch.float64)

    law = Condition(values, scale=4.0)
    assert law(lambda x: 6 + 0 * x[:, :1]).item() == pytest.approx(1.0)
    torch.testing.assert_close(law.residual(lambda x: 0 * x[:, :1]), torch.full((7, 1), -0.5, dtype=torch.float64))


def test_its_points_are_of_the_config_and_not_of_the_checkpoint():
    law = Condition(lambda: (torch.rand(5, 2), torch.zeros(5, 1)))
    assert law.state_dict() == {}
    assert law.to(torch.float64).x.dtype == torch.float64


def test_a_field_learns_them():
    field = Field(["t", "x"], [0.0, -1.0], [1.0, 1.0], hidden=[8])
    law = build(compose_config("train", ["experiment=burgers_soft"])["task"]["constraints"]["start"])
    optimizer = torch.optim.Adam(field.parameters(), lr=0.03)
    first = law(field).item()
    for _ in range(200):
        optimizer.zero_grad()
        law(field).backward()
        optimizer.step()
    assert law(field).item() < 0.03 * first


def test_refusals():
    with pytest.raises(ValueError, match="expected a scale > 0 of the values"):
        Condition(lambda: (torch.zeros(3, 1), torch.zeros(3, 1)), scale=0.0)
    with pytest.raises(ValueError, match=r"got \(5, 2\) and \(4, 1\): give a row for each point"):
        Condition(lambda: (torch.rand(5, 2), torch.zeros(4, 1)))
    law = Condition(lambda: (torch.rand(5, 2), torch.zeros(5, 1)))
    with pytest.raises(ValueError, match=r"values of shape \(5, 1\) at the points, got \(5, 2\)"):
        law(lambda x: x)


def test_squares_of_all_outputs_are_added():
    law = Condition(lambda: (torch.zeros(3, 1), torch.zeros(3, 2)))
    assert law(lambda x: torch.ones(len(x), 2)).item() == 2
