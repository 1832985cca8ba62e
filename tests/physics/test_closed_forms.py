"""Laws that hold for every equation with solutions in closed form only: no residual, and values at walls and starts."""

import math

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from physml.ops.derivatives import derivatives
from physml.ops.named import call, parameters
from physml.physics import advection, heat, helmholtz, poisson, wave
from physml.physics.advection import Advection
from physml.physics.heat import Heat
from physml.physics.helmholtz import Helmholtz
from physml.physics.poisson import PoissonInterval, PoissonSquare
from physml.physics.wave import Wave


def bump(z):
    return torch.exp(-(z**2)) * (1 + 0.3 * z)


# Of each equation one with another coefficient, and an exact solution of the first one as a function of its variables.
EXACT = {
    "heat, modes": (Heat(0.3), Heat(0.33), "xt", lambda x, t: Heat(0.3).modes(x, t, {1: 1.0, 3: -0.4}, 2.0)),
    "heat, kernel": (Heat(0.3), Heat(0.33), "xt", lambda x, t: Heat(0.3).from_gaussian(x, t, 0.5)),
    "wave, standing": (Wave(1.7), Wave(1.8), "xt", lambda x, t: Wave(1.7).standing(x, t, {1: 1.0, 2: 0.5}, 2.0)),
    "wave, from rest": (Wave(1.7), Wave(1.8), "xt", lambda x, t: Wave(1.7).from_rest(x, t, bump)),
    "advection": (Advection(-2.0), Advection(2.0), "xt", lambda x, t: Advection(-2.0).carried(x, t, bump)),
    "poisson, interval": (PoissonInterval({2: 1.0, 5: 0.1}), PoissonInterval({2: 1.0, 5: 0.11}), "x",
                          PoissonInterval({2: 1.0, 5: 0.1}).solution),
    "poisson, square": (PoissonSquare(((1, 2, 1.0), (3, 1, -0.2))), PoissonSquare(((1, 2, 1.0),)), "xy",
                        PoissonSquare(((1, 2, 1.0), (3, 1, -0.2))).solution),
    "helmholtz": (Helmholtz(3.0, 1.0, 2.0), Helmholtz(3.0, 2.0, 1.0), "xy", Helmholtz(3.0, 1.0, 2.0).solution),
}  # fmt: skip


def terms(equation, variables, solution):
    """What the residual reads, at points in the unit box."""
    points = torch.rand(200, len(variables), dtype=torch.float64)
    names = [name for name in parameters(equation.residual) if name not in variables]
    found = derivatives(lambda x: solution(*x.split(1, dim=1)), points, names, variables)
    return found | dict(zip(variables, points.unbind(1), strict=True))


@pytest.mark.parametrize("name", EXACT)
def test_the_closed_form_has_no_residual_and_another_equation_has(name):
    equation, other, variables, solution = EXACT[name]
    found = terms(equation, variables, solution)
    size = max(value.abs().max() for name, value in found.items() if "_" in name)
    assert call(equation.residual, found).abs().max() < 1e-12 * size
    assert call(other.residual, found).abs().max() > 0.01 * size


@pytest.mark.parametrize("name", EXACT)
def test_each_term_is_noticed(name):
    equation, _, variables, solution = EXACT[name]
    found = terms(equation, variables, solution)
    for term in parameters(equation.residual):
        # A coordinate is read by the source: moved, not scaled, as a sine may vanish where it was scaled to.
        wrong = found | {term: found[term] + 0.01 if term in variables else 1.01 * found[term]}
        assert call(equation.residual, wrong).abs().mean() > 1e-4 * found[term].abs().mean(), term


def test_ends_and_walls_are_kept_at_zero():
    ends, t = torch.tensor([0.0, 2.0], dtype=torch.float64)[:, None], torch.linspace(0, 1, 9, dtype=torch.float64)
    zero = torch.zeros(2, 9, dtype=torch.float64)
    assert_close(Heat(0.3).modes(ends, t, {1: 1.0, 3: 0.4}, 2.0), zero)
    assert_close(Wave(1.7).standing(ends, t, {1: 1.0, 3: 0.4}, 2.0), zero)
    for drawn in (poisson.square(11), helmholtz.driven_square(11)):
        for wall in (drawn["u"][0], drawn["u"][-1], drawn["u"][:, 0], drawn["u"][:, -1]):
            np.testing.assert_allclose(wall, 0, atol=1e-14)
    np.testing.assert_allclose(poisson.two_scales(11)["u"][[0, -1]], 0, atol=1e-14)


def test_starts_are_as_announced():
    x = np.linspace(0, 1, 33)
    for start in (heat.rod(33)["u"][:, 0], wave.string(33)["u"][:, 0]):
        np.testing.assert_allclose(start, np.sin(np.pi * x) + 0.5 * np.sin(4 * np.pi * x), atol=1e-14)
    for found in (heat.gaussian(33), wave.pulse(33)):
        np.testing.assert_allclose(found["u"][:, 0], np.exp(-(found["x"] ** 2) / 2), atol=1e-14)
    found = advection.fast_sine(32)
    np.testing.assert_allclose(found["u"][:, 0], np.sin(2 * np.pi * np.arange(32) / 32), atol=1e-14)


def test_heat_is_conserved_on_the_line_and_lost_through_the_ends():
    found = heat.gaussian()
    total = np.trapezoid(found["u"], found["x"], axis=0)
    # Over ±8 only the tails are missing, which at t = 2 are beyond 3.6 standard deviations.
    np.testing.assert_allclose(total[found["t"] < 0.5], math.sqrt(2 * math.pi), rtol=1e-7)
    assert (np.diff(np.trapezoid(heat.rod()["u"], dx=1 / 255, axis=0)) < 0).all()


def test_the_energy_of_a_string_is_conserved():
    x, t = torch.linspace(0, 1, 257, dtype=torch.float64), torch.linspace(0, 1, 7, dtype=torch.float64)
    grid = torch.cartesian_prod(x, t)
    slopes = derivatives(lambda p: Wave(2.0).standing(*p.split(1, dim=1), {1: 1.0, 4: 0.5}), grid, ["u_x", "u_t"], "xt")
    density = (slopes["u_t"] ** 2 + 4 * slopes["u_x"] ** 2).view(257, 7) / 2
    energy = torch.trapezoid(density, x, dim=0)
    assert_close(energy, torch.full_like(energy, 4 * math.pi**2 / 4 * (1 + 16 * 0.25)))


def test_the_string_of_the_paper():
    found = wave.string(points=5, frames=8)
    x, t = found["x"][:, None], found["t"]
    expected = np.sin(np.pi * x) * np.cos(2 * np.pi * t) + 0.5 * np.sin(4 * np.pi * x) * np.cos(8 * np.pi * t)
    np.testing.assert_allclose(found["u"], expected, atol=1e-14)


def test_the_source_of_the_helmholtz_paper():
    x, y = torch.rand(2, 9, dtype=torch.float64)
    u = torch.sin(math.pi * x) * torch.sin(4 * math.pi * y)
    expected = -(math.pi**2) * u - (4 * math.pi) ** 2 * u + u
    assert_close(Helmholtz().source(x, y), expected)


def test_a_ring_is_periodic_and_the_wind_goes_to_the_right():
    found = advection.fast_sine(points=64, frames=64 * 5)
    shift = int(np.argmax(found["u"][:, 1])) - int(np.argmax(found["u"][:, 0]))
    assert shift == 1  # 30 / 320 is a little less than 2π / 64, the distance of two points
    beyond = Advection(30.0).carried(torch.tensor(2 * math.pi), torch.tensor(0.3), torch.sin)
    assert_close(beyond, Advection(30.0).carried(torch.tensor(0.0), torch.tensor(0.3), torch.sin), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("conditions", "drawn"),
    [
        (wave.string_conditions, wave.string(33, 32)),
        (poisson.interval_conditions, poisson.two_scales(33)),
        (poisson.square_conditions, poisson.square(33)),
        (helmholtz.square_conditions, helmholtz.driven_square(33)),
    ],
)
def test_conditions_leave_nothing_to_be_learnt_where_they_hold(conditions, drawn):
    axes = {name: torch.from_numpy(array) for name, array in drawn.items() if name != "u"}
    order = ["t", "x"] if "t" in axes else list(axes)  # points are of time and place, u is stored by place and time
    grid = torch.stack(torch.meshgrid(*axes.values(), indexing="ij"), dim=-1)
    points = torch.stack([grid[..., list(axes).index(name)].flatten() for name in order], dim=1)
    a, g = conditions(points)
    missing = torch.from_numpy(drawn["u"]).flatten() - a[:, 0]
    held = g[:, 0].abs() < 1e-12
    assert held.sum() > 0
    assert missing[held].abs().max() < 1e-12
    assert missing[~held].abs().max() > 0.1


def test_the_conditions_of_the_string_start_it_from_rest():
    start = torch.tensor([[0.0, 0.3], [0.0, 0.8]], dtype=torch.float64)
    found = derivatives(lambda tx: torch.cat(wave.string_conditions(tx), dim=1), start, ["a_t", "g_t"], "tx", "ag")
    assert found["a_t"].abs().max() == 0
    assert found["g_t"].abs().max() == 0
