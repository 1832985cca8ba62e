"""Laws that hold for every equation of evolution on a periodic interval, and each one's own exact solutions."""

import math

import pytest
import torch

from physml.ops.fourier import PeriodicInterval
from physml.ops.named import call
from physml.physics.allen_cahn import AllenCahn
from physml.physics.burgers import Burgers
from physml.physics.korteweg_de_vries import KortewegDeVries
from physml.physics.kuramoto_sivashinsky import KuramotoSivashinsky
from physml.physics.nonlinear_schrodinger import NonlinearSchrodinger

CIRCLE = PeriodicInterval(0.0, 2 * math.pi, 64)
WAVES = 0.4 + torch.sin(CIRCLE.x) + 0.3 * torch.cos(2 * CIRCLE.x + 1)
EQUATIONS = {
    "burgers": (Burgers(0.2), WAVES),
    "korteweg_de_vries": (KortewegDeVries(0.1), WAVES),
    "kuramoto_sivashinsky": (KuramotoSivashinsky(), WAVES),
    "nonlinear_schrodinger": (NonlinearSchrodinger(0.7), WAVES * torch.exp(1j * CIRCLE.x)),
    "allen_cahn": (AllenCahn(0.01, 2.0), WAVES),
}
every_equation = pytest.mark.parametrize("name", EQUATIONS)


def residual(equation, interval, u, dt):
    """The residual of recorded frames, by spectral derivatives in space and central differences of order 6 in time."""
    steps = {1: 45 / 60, 2: -9 / 60, 3: 1 / 60}
    inner = range(3, u.shape[1] - 3)
    u_t = torch.stack([sum(w * (u[:, i + s] - u[:, i - s]) for s, w in steps.items()) for i in inner], dim=1) / dt
    inner_u = u[:, 3:-3]
    slopes = {"u_" + n * "x": interval.derivative(inner_u.T, n).T for n in range(1, 5)}
    return call(equation.residual, {"u": inner_u, "u_t": u_t, **slopes})


@every_equation
def test_the_solution_has_no_residual(name):
    equation, start = EQUATIONS[name]
    u = equation.solve(CIRCLE, start, dt=5e-4, frames=40, substeps=4)
    scale = (u[:, 1:] - u[:, :-1]).abs().max() / 5e-4
    assert residual(equation, CIRCLE, u, 5e-4).abs().max() < 1e-7 * scale


@every_equation
def test_the_residual_notices_each_wrong_derivative(name):
    equation, start = EQUATIONS[name]
    u = equation.solve(CIRCLE, start, dt=5e-4, frames=40, substeps=4)
    backwards = residual(equation, CIRCLE, u.flip(1), 5e-4)
    mirrored = residual(equation, CIRCLE, 1.1 * u, 5e-4)
    assert min(backwards.abs().max(), mirrored.abs().max()) > 0.01 * u.abs().max()


@every_equation
def test_order_of_convergence_is_four(name):
    equation, start = EQUATIONS[name]

    def solve(substeps):
        return equation.solve(CIRCLE, start, dt=0.2, frames=1, substeps=substeps)[:, -1]

    coarse, fine, exact = solve(40), solve(80), solve(640)
    assert math.log2(torch.dist(coarse, exact) / torch.dist(fine, exact)) == pytest.approx(4, abs=0.3)


@every_equation
def test_space_converges_faster_than_any_power(name):
    equation, _ = EQUATIONS[name]

    def solve(points):
        interval = PeriodicInterval(0.0, 2 * math.pi, points)
        start = 0.4 + torch.sin(interval.x) + 0.3 * torch.cos(2 * interval.x + 1)
        return equation.solve(interval, start, dt=0.3, frames=1, substeps=100)[:: points // 16, -1]

    exact = solve(128)
    errors = [float(torch.dist(solve(points), exact)) for points in (16, 32, 64)]
    assert errors[1] < errors[0] / 20
    assert errors[2] < max(errors[1] / 400, 1e-10)


@pytest.mark.parametrize("name", ["burgers", "korteweg_de_vries", "kuramoto_sivashinsky"])
def test_the_mean_is_conserved(name):
    equation, start = EQUATIONS[name]
    u = equation.solve(CIRCLE, start, dt=0.1, frames=10, substeps=50)
    torch.testing.assert_close(u.mean(0), torch.full((11,), 0.4, dtype=torch.float64), rtol=0, atol=1e-14)


def test_korteweg_de_vries_conserves_momentum_and_energy():
    equation, start = EQUATIONS["korteweg_de_vries"]
    u = equation.solve(CIRCLE, start, dt=0.1, frames=10, substeps=200)
    u_x = CIRCLE.derivative(u.T).T
    for density in (u**2, u**3 / 6 - equation.dispersion * u_x**2 / 2):
        total = density.mean(0)
        torch.testing.assert_close(total, total[:1].expand(11), rtol=1e-8, atol=0)


def test_the_schrodinger_equation_conserves_norm_momentum_and_energy():
    equation, start = EQUATIONS["nonlinear_schrodinger"]
    u = equation.solve(CIRCLE, start, dt=0.1, frames=10, substeps=200)
    u_x = CIRCLE.derivative(u.T).T
    energy = u_x.abs() ** 2 / 2 - equation.strength * u.abs() ** 4 / 2
    for density in (u.abs() ** 2, (u.conj() * u_x).imag, energy):
        total = density.mean(0)
        torch.testing.assert_close(total, total[:1].expand(11), rtol=1e-9, atol=0)


@pytest.mark.parametrize("name", ["burgers", "allen_cahn"])
def test_free_energy_only_falls(name):
    equation, start = EQUATIONS[name]
    u = equation.solve(CIRCLE, start, dt=0.1, frames=20, substeps=50)
    density = u**2 / 2
    if name == "allen_cahn":
        u_x = CIRCLE.derivative(u.T).T
        density = equation.diffusion * u_x**2 / 2 + equation.rate * (u**2 - 1) ** 2 / 4
    assert (density.mean(0).diff() < 0).all()


def test_short_waves_decay_and_long_waves_grow_in_kuramoto_sivashinsky():
    for k, length in ((0.5, 4 * math.pi), (2.0, math.pi)):
        interval = PeriodicInterval(0.0, length, 32)
        u = KuramotoSivashinsky().solve(interval, 1e-8 * torch.sin(k * interval.x), dt=0.5, frames=1, substeps=10)
        growth = math.log(u[:, 1].abs().max() / u[:, 0].abs().max()) / 0.5
        assert growth == pytest.approx(k**2 - k**4, rel=1e-6)


def test_burgers_from_a_sine_agrees_with_its_closed_form():
    interval, equation = PeriodicInterval(-1.0, 1.0, 256), Burgers(0.05)
    t = 0.1 * torch.arange(11, dtype=torch.float64)
    found = equation.solve(interval, -torch.sin(math.pi * interval.x), dt=0.1, frames=10, substeps=100)
    torch.testing.assert_close(found, equation.from_sine(interval.x, t), rtol=0, atol=1e-10)


def test_the_sum_of_the_closed_form_has_converged(monkeypatch):
    x = torch.linspace(-1, 1, 41, dtype=torch.float64)
    t = torch.tensor([0.0, 0.1, 0.5, 1.0, 100.0], dtype=torch.float64)
    found = Burgers(0.002).from_sine(x, t)
    linspace = torch.linspace
    monkeypatch.setattr(torch, "linspace", lambda a, b, n, **words: linspace(a, b, 2 * n - 1, **words))
    finer = Burgers(0.002).from_sine(x, t)
    torch.testing.assert_close(found, finer, rtol=0, atol=1e-12)


def test_the_shock_of_burgers_is_as_steep_as_published():
    # Basdevant et al. 1986: the greatest slope at x = 0 is 152.00516, at t = 1.6037/π.
    h, t = 1e-5, torch.tensor([1.6037 / math.pi], dtype=torch.float64)
    left, right = Burgers(0.01 / math.pi).from_sine(torch.tensor([-h, h], dtype=torch.float64), t)[:, 0]
    assert (left - right) / (2 * h) == pytest.approx(152.00516, rel=1e-6)


def test_a_soliton_of_korteweg_de_vries_keeps_its_shape():
    interval, equation = PeriodicInterval(-20.0, 20.0, 256), KortewegDeVries(0.5)
    t = torch.arange(5, dtype=torch.float64)
    found = equation.solve(interval, equation.soliton(interval.x, t[:1], 1.5), dt=1.0, frames=4, substeps=400)
    torch.testing.assert_close(found, equation.soliton(interval.x[:, None], t, 1.5), rtol=0, atol=1e-6)


def test_two_bound_solitons_focus_and_recur():
    interval, equation = PeriodicInterval(-20.0, 20.0, 512), NonlinearSchrodinger()
    t = math.pi / 8 * torch.arange(5, dtype=torch.float64)
    exact = equation.bound_solitons(interval.x[:, None], t)
    torch.testing.assert_close(exact[:, 0].real, 2 / torch.cosh(interval.x))
    assert exact[256, 2].abs() == pytest.approx(4)
    found = equation.solve(interval, 2 / torch.cosh(interval.x), dt=math.pi / 8, frames=4, substeps=400)
    torch.testing.assert_close(found, exact, rtol=0, atol=1e-6)
    with pytest.raises(ValueError, match=r"expected a strength of 1, got 0.5"):
        NonlinearSchrodinger(0.5).bound_solitons(interval.x, t[:1])


def test_a_front_of_allen_cahn_stays_where_it_is():
    # A front at ±4 and, mirrored, at the ends of the interval.
    interval, equation = PeriodicInterval(-8.0, 8.0, 256), AllenCahn(0.1, 1.0)
    start = equation.front(4 - interval.x.abs())
    found = equation.solve(interval, start, dt=1.0, frames=3, substeps=50)
    torch.testing.assert_close(found, start[:, None].expand(-1, 4), rtol=0, atol=1e-6)
