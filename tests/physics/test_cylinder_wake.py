"""The flow past a cylinder; its vortex street takes too long here, so these are the laws of its first moments."""

import math
from functools import cache, partial
from itertools import islice

import numpy as np
import pytest
import torch

from physml.ops.derivatives import derivatives
from physml.ops.grid_derivatives import grid_derivatives
from physml.ops.grid_residual import grid_residual
from physml.ops.named import parameters
from physml.physics.cylinder_wake import CylinderFlow, UnknownNavierStokes, wake
from physml.physics.navier_stokes import NavierStokes

TRUTH = {"advection": 1.0, "viscosity": 0.01}
NAMES = [name for name in parameters(UnknownNavierStokes().residual) if name not in TRUTH]


def last(flow, w, dt, steps):
    return next(islice(flow.evolve(w, dt, steps), steps - 1, None))


@cache
def begun():
    """Vorticity and stream function some time after the start, on few circles."""
    flow = CylinderFlow(64)
    return flow, *last(flow, flow.disturbance(), 0.02, 50)


@cache
def short():
    return wake(points=128, frames=16, start=5, settle=5)


def test_vortices_that_decay_obey_the_equations_and_each_term_is_noticed(seed):
    def flow(txy):
        t, x, y = txy.split(1, dim=1)
        decay = torch.exp(-2 * 0.01 * 4 * t)
        pressure = -(torch.cos(4 * x) + torch.cos(4 * y)) * decay**2 / 4
        _, u, v = NavierStokes(0.01).taylor_green(x, y, t, 2.0)
        return torch.cat([u, v, pressure], dim=1)

    found = derivatives(flow, torch.rand(100, 3, dtype=torch.float64), NAMES, "txy", "uvp")
    residual = partial(UnknownNavierStokes().residual, **TRUTH)
    assert residual(**found).abs().max() < 1e-12
    for name in NAMES:
        assert residual(**found | {name: 1.1 * found[name]}).abs().mean() > 1e-4, name


def test_the_fluid_rests_at_the_cylinder():
    flow, w, psi = begun()
    assert abs(w[:, 0]).max() > 0.1
    assert abs(psi[:, 0]).max() < 1e-10
    assert abs(flow.ring.by_radius(psi)[:, 0]).max() < 1e-10


def test_far_away_is_the_free_stream():
    flow, w, psi = begun()
    u, v, p = flow.fields(w, psi, np.array([-30.0, 0.0]), np.array([0.0, 30.0]))
    np.testing.assert_allclose(u, 1, atol=1e-2)  # there is still the circulation of the start
    np.testing.assert_allclose(v, 0, atol=1e-2)
    np.testing.assert_allclose(p, 0, atol=5e-2)


def test_the_circulation_far_away_stays_that_of_the_start():
    flow, w, psi = begun()
    circulation = -2 * math.pi * flow.ring.by_radius(psi)[0, -1].real
    assert circulation == pytest.approx(2 * math.pi * 0.16, rel=1e-2)  # of the vortex that it began with
    assert abs(flow.ring.by_radius(w)[0, 0]) < 1e-9
    assert abs(w[0, 0]) > 0.01


def test_a_mirrored_start_gives_the_mirrored_flow():
    flow = CylinderFlow(64)
    w, _ = last(flow, flow.disturbance(), 0.02, 5)
    mirrored, _ = last(flow, -flow.disturbance().conj(), 0.02, 5)
    assert abs(w.imag).max() > 0.1
    np.testing.assert_allclose(mirrored, -w.conj(), atol=1e-9)
    drag, lift = flow.forces(w)
    np.testing.assert_allclose(flow.forces(mirrored), (drag, -lift), atol=1e-9)


def test_the_forces_are_those_of_the_pressure_and_the_shear_at_the_wall():
    flow = CylinderFlow(128)
    w, psi = last(flow, flow.disturbance(), 0.01, 150)
    head, angles = flow.ring.values(flow.head(w, psi))[:, 0], flow.ring.angles
    shear = 0.01 * flow.ring.values(w)[:, 0]
    along = 2 * math.pi * 0.5 * (-head * np.cos(angles) - shear * np.sin(angles)).mean()
    aside = 2 * math.pi * 0.5 * (-head * np.sin(angles) + shear * np.cos(angles)).mean()
    np.testing.assert_allclose(flow.forces(w), (2 * along, 2 * aside), atol=0.04)  # the layer at the wall is thin
    assert 1 < flow.forces(w)[0] < 2
    assert abs(flow.forces(w)[1]) > 0.05


def test_shorter_steps_make_less_of_an_error():
    flow, w, _ = begun()
    fine, middle, coarse = (last(flow, w, 0.2 / steps, steps)[0] for steps in (80, 20, 10))
    norms = [np.linalg.norm(each - fine) for each in (coarse, middle)]
    assert norms[1] < 1e-3 * np.linalg.norm(fine - w)
    assert math.log2(norms[0] / norms[1]) > 1.8  # the first step is Euler's


def test_the_window_obeys_the_equations_and_has_no_divergence():
    found = short()
    fields, axes = {name: found[name] for name in "uvp"}, {name: found[name] for name in "xyt"}
    slopes = grid_derivatives(fields, axes, ["u_x", "v_y"])
    inside = (slice(5, -5), slice(5, -5))
    assert abs(slopes["u_x"])[inside].max() > 0.1
    assert abs(slopes["u_x"] + slopes["v_y"])[inside].max() < 1e-3
    right = grid_residual(UnknownNavierStokes().residual, fields, axes, TRUTH)
    assert right.value < 1e-3
    assert right.perturbed > 1000 * right.value
    for wrong in ({"advection": 0.9, "viscosity": 0.01}, {"advection": 1.0, "viscosity": 0.1}):
        assert grid_residual(UnknownNavierStokes().residual, fields, axes, wrong).value > 2 * right.value


def test_the_arrays_of_the_window():
    found = short()
    assert {name: array.shape for name, array in found.items()} == {
        "x": (100,), "y": (50,), "t": (17,), "u": (100, 50, 17), "v": (100, 50, 17), "p": (100, 50, 17)
    }  # fmt: skip
    assert (found["x"][0], found["x"][-1], found["y"][0], found["y"][-1]) == (1, 8, -2, 2)
    assert found["t"][-1] == pytest.approx(1.6)
    assert wake(points=128, frames=16, start=5, settle=5) is found
