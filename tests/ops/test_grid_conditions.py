import math

import numpy as np
import pytest
import torch

from physml.ops.grid_conditions import grid_conditions
from physml.physics import burgers, helmholtz, wave

STRING, SHOCK = wave.string(65, 256), burgers.shock(65, 40)
SPEED = np.abs(np.gradient(STRING["u"], STRING["t"], axis=1, edge_order=2)).max()  # the greatest u_t, roughly


def judged(conditions, drawn, variables):
    axes = {name: array for name, array in drawn.items() if name != "u"}
    return grid_conditions(conditions, {"u": drawn["u"]}, axes, variables)


@pytest.mark.parametrize(
    ("conditions", "drawn", "variables"),
    [
        (wave.string_conditions, STRING, ["t", "x"]),
        (burgers.shock_conditions, SHOCK, ["t", "x"]),
        (helmholtz.square_conditions, helmholtz.driven_square(41), ["x", "y"]),
    ],
)
def test_an_exact_solution_meets_them_and_a_perturbed_one_does_not(conditions, drawn, variables):
    found = judged(conditions, drawn, variables)
    assert found.value < 1e-14
    assert found.perturbed > 0.01
    assert found.slope < 1e-4


def test_a_wrong_start_is_seen():
    def wrong(tx):
        a, g = burgers.shock_conditions(tx)
        return -a, g

    assert judged(wrong, SHOCK, ["t", "x"]).value > 1


def test_a_wall_where_nothing_is_given_is_seen():
    def wrong(tx):
        a, g = burgers.shock_conditions(tx)
        return a, g * (tx[:, 1:] - 0.5)  # as if u were given at x = 0.5

    assert judged(wrong, SHOCK, ["t", "x"]).value > 0.1


def test_a_start_with_a_wrong_slope_is_seen():
    def moving(tx):
        a, g = wave.string_conditions(tx)
        speed = 0.5 * torch.sin(math.pi * tx[:, 1:])  # a string is held at t = 1, too, when it returns
        return a + speed * torch.sin(2 * math.pi * tx[:, :1]) / (2 * math.pi), g

    found = judged(moving, STRING, ["t", "x"])
    assert found.value < 1e-14
    assert found.slope == pytest.approx(0.5 / SPEED, rel=0.05)


def test_a_grid_without_the_places_where_they_hold_gives_no_number():
    inside = {"x": STRING["x"][1:-1], "t": STRING["t"][1:-1], "u": STRING["u"][1:-1, 1:-1]}
    found = judged(wave.string_conditions, inside, ["t", "x"])
    assert math.isnan(found.value)


def test_a_rounded_kink_of_the_start_is_no_wrong_slope():
    def rounded(tx):
        a, g = burgers.shock_conditions(tx)
        return a + 1e-4 * torch.sin(40 * math.pi * tx[:, 1:]), g

    found = judged(rounded, SHOCK, ["t", "x"])
    assert found.value < 1e-3
    assert found.slope < 1e-6


def test_a_component_that_is_zero_is_judged_by_the_size_of_the_others():
    def both(tx):
        a, g = wave.string_conditions(tx)
        return torch.cat([a, 0.01 * tx[:, 1:]], dim=1), torch.cat([g, g], dim=1)

    fields = {"u": STRING["u"], "v": np.zeros_like(STRING["u"])}
    found = grid_conditions(both, fields, {"x": STRING["x"], "t": STRING["t"]}, ["t", "x"])
    assert found.value == pytest.approx(0.01 / np.abs(STRING["u"]).max())
