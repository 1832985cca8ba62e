import math

import pytest
import torch
from torch.testing import assert_close

from physml.ops.derivatives import derivatives
from physml.ops.periodic_square import PeriodicSquare
from physml.physics.navier_stokes import NavierStokes, beside_reference, drifting_vortices, evolve_law, merger

SQUARE = PeriodicSquare(2 * math.pi, 32)
START, END = torch.tensor([0.0, 1.0], dtype=torch.float64)
NAMES = ["w_t", "w_x", "w_y", "w_xx", "w_yy", "u", "v"]


@pytest.fixture
def start(seed):
    """Waves of random phases."""
    spectrum = SQUARE.transform(torch.randn(32, 32, dtype=torch.float64))
    laplacian = (SQUARE.symbol(2, 0) + SQUARE.symbol(0, 2)).real
    w = SQUARE.values(spectrum * torch.exp(laplacian / 12))
    return 2 * (w - w.mean()) / w.std()


def exact(equation, k):
    return lambda txy: torch.cat(equation.taylor_green(*txy[:, 1:].split(1, dim=1), txy[:, :1], k), dim=1)


def totals(equation, w):
    """Energy and enstrophy of frames."""
    u, v = equation.velocity(SQUARE, SQUARE.transform(w.movedim(-1, 0)))
    return (u**2 + v**2).mean((1, 2)) / 2, (w**2).mean((0, 1)) / 2


def test_vortices_on_a_lattice_have_no_residual_and_their_velocities_fit_the_vorticity(seed):
    equation, points = NavierStokes(0.1, (0.7, -0.4)), torch.rand(100, 3, dtype=torch.float64)
    found = derivatives(exact(equation, 2.0), points, [*NAMES, "w", "u_x", "u_y", "v_x", "v_y"], "txy", "wuv")
    terms = {name: found[name] for name in NAMES}
    assert equation.residual(**terms).abs().max() < 1e-12
    assert_close(found["v_x"] - found["u_y"], found["w"])
    assert_close(found["u_x"], -found["v_y"])
    for name in NAMES:
        assert equation.residual(**terms | {name: 1.01 * terms[name]}).abs().mean() > 1e-3, name


def test_the_velocity_comes_from_the_vorticity():
    equation = NavierStokes(0.1, (0.7, -0.4))
    w, u, v = equation.taylor_green(SQUARE.x[:, None], SQUARE.x, torch.tensor(0.3, dtype=torch.float64))
    found = equation.velocity(SQUARE, SQUARE.transform(w))
    assert_close(found[0], u)
    assert_close(found[1], v)


def test_drifting_vortices_are_solved_at_order_four():
    equation = NavierStokes(0.1, (0.7, -0.4))
    x, y = SQUARE.x[:, None], SQUARE.x

    def error(substeps):
        w = equation.solve(SQUARE, equation.taylor_green(x, y, START, 2.0)[0], 1.0, 1, substeps)[..., -1]
        return torch.dist(w, equation.taylor_green(x, y, END, 2.0)[0])

    assert error(80) < 1e-6
    assert math.log2(error(40) / error(80)) == pytest.approx(4, abs=0.1)


def test_order_of_convergence_of_a_flow_that_mixes_is_four(start):
    def solve(substeps):
        return NavierStokes(0.01).solve(SQUARE, start, 0.5, 1, substeps)[..., -1]

    coarse, fine, exact = solve(20), solve(40), solve(320)
    assert torch.dist(exact, start) > 0.1 * start.norm()
    assert math.log2(torch.dist(coarse, exact) / torch.dist(fine, exact)) == pytest.approx(4, abs=0.3)


def test_without_viscosity_energy_and_enstrophy_are_conserved(start):
    equation = NavierStokes(0.0)

    def drifts(substeps):
        w = equation.solve(SQUARE, start, 1.0, 1, substeps)
        assert torch.dist(w[..., 1], w[..., 0]) > 0.5 * w[..., 0].norm()
        return [float((total[1] / total[0] - 1).abs()) for total in totals(equation, w)]

    coarse, fine = drifts(20), drifts(40)
    assert max(fine) < 1e-6
    for a, b in zip(coarse, fine, strict=True):
        assert a / b > 2**3.5  # what is lost is lost in time steps


def test_with_viscosity_the_energy_falls_at_twice_the_enstrophy(start):
    equation, dt = NavierStokes(0.05), 0.01
    energy, enstrophy = totals(equation, equation.solve(SQUARE, start, dt, 4, 5))
    rate = (energy[0] - 8 * energy[1] + 8 * energy[3] - energy[4]) / (12 * dt)
    assert rate.item() == pytest.approx(-2 * 0.05 * enstrophy[2].item(), rel=1e-5)


def test_the_mean_vorticity_stays_zero(start):
    w = NavierStokes(0.01).solve(SQUARE, start, 0.5, 2, 20)
    assert w.mean((0, 1)).abs().max() < 1e-14


def test_two_vortices_become_one():
    drawn = merger(points=64, frames=2, substeps=100)
    w = torch.from_numpy(drawn["w"])
    x, y = torch.from_numpy(drawn["x"])[:, None], torch.from_numpy(drawn["y"])
    core = (x - math.pi) ** 2 + (y - math.pi) ** 2 < 0.2
    for frame, lowest in ((0, False), (2, True)):
        middle, whole = w[..., frame][core].max(), w[..., frame].max()
        assert (middle == whole) == lowest
    assert_close(w, w.flip(0, 1).roll((1, 1), (0, 1)), atol=1e-10, rtol=0)  # a half turn changes nothing


def test_the_arrays_of_the_set_ups():
    drawn = drifting_vortices(points=8, frames=3)
    assert list(drawn) == ["x", "y", "t", "w", "u", "v"]
    assert drawn["w"].shape == drawn["u"].shape == drawn["v"].shape == (8, 8, 4)
    assert (drawn["t"][0], drawn["t"][-1]) == (0, 2)
    assert drawn["u"].mean() == pytest.approx(1)
    assert drawn["v"].mean() == pytest.approx(0.5)


LAW_INPUTS = ["u", "v", "w", "w_x", "w_y", "w_xx", "w_xy", "w_yy"]


def vorticity_law(z, viscosity=0.1):
    u, v, _, w_x, w_y, w_xx, _, w_yy = z.T
    return (-u * w_x - v * w_y + viscosity * (w_xx + w_yy))[:, None]


def test_the_law_as_a_function_at_each_point_is_solved_as_by_the_equations_own_solver(start):
    found = evolve_law(vorticity_law, LAW_INPUTS, SQUARE, start, 0.1, 2, 20)
    assert_close(found, NavierStokes(0.1).solve(SQUARE, start, 0.1, 2, 20), rtol=0, atol=1e-7)


def test_a_law_that_mixes_both_directions_is_solved():
    w = torch.sin(SQUARE.x[:, None] + SQUARE.x)  # w_xy = −w
    found = evolve_law(lambda z: z[:, 6:7] - 2 * z[:, 2:3], LAW_INPUTS, SQUARE, w, 0.1, 2, 1)
    assert_close(found[..., -1], w * math.exp(-0.6))


def test_a_law_is_followed_from_the_start_of_a_reference():
    reference = merger(points=32, frames=3, viscosity=0.1, until=1.0)
    found, truth = beside_reference(vorticity_law, LAW_INPUTS, reference, substeps=16)
    assert_close(truth, torch.from_numpy(reference["w"]))
    assert_close(found, truth, rtol=0, atol=1e-7)
    other, _ = beside_reference(lambda z: vorticity_law(z, 0.11), LAW_INPUTS, reference, substeps=16)
    assert 1e-3 < torch.dist(other, truth) / truth.norm() < 0.1


def test_a_flow_that_blows_up_has_none():
    reference = merger(points=16, frames=2, until=20.0)
    assert beside_reference(lambda z: z[:, 2:3] ** 3, LAW_INPUTS, reference, substeps=2)[0].isnan().all()


def test_mergers_of_other_viscosities_and_times_differ():
    slow, fast = (merger(points=32, frames=2, viscosity=viscosity, until=2.0) for viscosity in (0.01, 0.1))
    assert slow["t"].tolist() == [0, 1, 2]
    assert abs(fast["w"][..., -1]).max() < 0.8 * abs(slow["w"][..., -1]).max()
