import math
from functools import partial

import numpy as np
import pytest
import torch

from physml.data.collocation import BoxSource, MeasuredSource, SolutionSource
from physml.physics import burgers, nonlinear_schrodinger


def test_points_fill_the_box_more_evenly_than_chance():
    x = BoxSource([0.0, -2.0], [1.0, 2.0])(1024, np.random.default_rng(0)).events["x"]
    assert x.dtype == torch.float64
    counts, *_ = np.histogram2d(*x.numpy().T, bins=8, range=[[0, 1], [-2, 2]])
    assert (counts == 16).all()
    other = BoxSource([0.0, -2.0], [1.0, 2.0])(1024, np.random.default_rng(1)).events["x"]
    assert not torch.equal(x, other)


def test_points_can_be_moved_towards_the_shock():
    x = BoxSource([0.0, 0.0], [1.0, 1.0], warp=burgers.toward_shock)(4096, np.random.default_rng(0)).events["x"]
    assert ((x >= 0) & (x <= 1)).all()
    assert np.histogram(x[:, 0], bins=4)[0].tolist() == [1024] * 4
    for place in (0.03, 0.1, 0.5):  # the integral of the density
        share = (x[:, 1] < place).double().mean()
        assert share.item() == pytest.approx(math.asinh(place / 0.05) / math.asinh(20), abs=2e-3)


def test_the_solution_is_given_point_by_point():
    source = SolutionSource(burgers.shock)
    arrays = source(25600, np.random.default_rng(0)).events
    x, y = arrays["x"], arrays["y"]
    found = burgers.shock()
    for place, time in ((0, 0), (100, 7), (255, 99)):
        row = place * 100 + time
        assert x[row].tolist() == [found["t"][time], found["x"][place]]
        assert y[row, 0] == found["u"][place, time]
    with pytest.raises(ValueError, match=r"expected at most 25600 points, the grid of the solution, got 25601"):
        source(25601, np.random.default_rng(0))


def test_a_solution_in_the_plane_is_given_by_its_coordinates():
    x, y = np.linspace(0, 1, 5), np.linspace(2, 4, 7)
    plane = {"x": x, "y": y, "u": x[:, None] + 10 * y}
    for variables in (["x", "y"], ["y", "x"]):
        arrays = SolutionSource(lambda: plane, variables)(35, np.random.default_rng(0)).events
        place = dict(zip(variables, arrays["x"].unbind(1), strict=True))
        torch.testing.assert_close(arrays["y"][:, 0], place["x"] + 10 * place["y"])
        assert len(arrays["x"].unique(dim=0)) == 35
    with pytest.raises(
        ValueError, match=r"expected a solution with the coordinates t, x, got x, y, u: rename variables"
    ):
        SolutionSource(lambda: plane)(35, np.random.default_rng(0))


def test_a_complex_solution_has_two_columns():
    solution = partial(nonlinear_schrodinger.soliton, points=64, frames=10, substeps=2)
    y = SolutionSource(solution)(500, np.random.default_rng(0)).events["y"]
    u = torch.from_numpy(solution()["u"]).flatten()[:500]
    assert y.shape == (500, 2)
    assert torch.equal(torch.complex(*y.T), u)


def test_the_measured_solution_is_asked_for_once_for_all_splits():
    x, asked = np.linspace(-1, 1, 8), []
    source = MeasuredSource(lambda: asked.append(0) or {"x": x, "t": x, "u": np.outer(x, x)}, noise=0.1)
    first, second = (source(64, np.random.default_rng(seed)).events for seed in range(2))
    assert len(asked) == 1
    assert not torch.equal(first["y"], second["y"])
    again = MeasuredSource(lambda: {"x": x, "t": x, "u": np.outer(x, x)}, noise=0.1)(64, np.random.default_rng(1))
    assert torch.equal(second["y"], again.events["y"])


def test_measurements_scatter_about_the_solution():
    def solution():
        x, t = np.linspace(-1, 1, 80), np.linspace(0, 1, 50)
        return {"x": x, "t": t, "u": np.sin(3 * x)[:, None] * np.cos(t)}

    exact = MeasuredSource(solution)(3000, np.random.default_rng(0)).events
    u = torch.sin(3 * exact["x"][:, 1:]) * torch.cos(exact["x"][:, :1])
    torch.testing.assert_close(exact["y"], u)
    assert len(exact["x"].unique(dim=0)) == 3000
    noisy = MeasuredSource(solution, noise=0.1)(3000, np.random.default_rng(0)).events
    spread = (noisy["y"] - exact["y"]).std() / solution()["u"].std()
    assert spread.item() == pytest.approx(0.1, rel=0.05)
    with pytest.raises(ValueError, match=r"expected at most 4000 points, the grid of the solution, got 4001"):
        MeasuredSource(solution)(4001, np.random.default_rng(0))
