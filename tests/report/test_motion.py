import numpy as np
import pytest
import torch

from physml.physics.gravity import Gravity, three_bodies
from physml.physics.pendulum import Pendulum
from physml.physics.spring import Spring
from physml.report.motion import plot_forecasts, plot_motion, plot_rollout

FUTURE = torch.tensor([[[1.0, 0.5], [0.0, 0.0]]], dtype=torch.float64)


@pytest.mark.parametrize("law", [Spring(0.5, 2.0), Pendulum()])
def test_the_true_law_stays_on_the_true_orbit_and_a_damped_one_loses_energy(law):
    def damped(state):
        return law.derivative(state) - torch.tensor([0.0, 0.1]) * state

    figure = plot_motion(law.derivative, FUTURE, law, {"damped": damped}, periods=5)
    plane, last, energies = figure.axes
    learnt, rival, true = plane.lines
    np.testing.assert_allclose(learnt.get_xydata(), true.get_xydata(), atol=1e-4)
    assert [line.get_label() for line in energies.lines[:2]] == ["learnt", "damped"]
    t, energy = energies.lines[0].get_xydata().T
    assert t[-1] == 5
    np.testing.assert_allclose(energy, 1, atol=1e-4)
    assert energies.lines[1].get_ydata()[-1] < 0.5
    assert last.get_title() == "period 5"
    assert np.abs(rival.get_xydata()).max() > np.abs(last.lines[1].get_xydata()).max()


def test_forecasts_by_the_true_law_are_drawn_on_the_true_trajectories():
    law = Spring()
    start = torch.tensor([[1.0, 0.5], [0.0, 2.0]], dtype=torch.float64)
    future = law.trajectory(start, 0.2, 30)
    figure = plot_forecasts(lambda x: law.trajectory(x, 0.2, 7)[:, 1:], start, future, law, dt=0.2)
    plane, numbers, energies = figure.axes
    assert len(plane.lines) == 4
    for true, found in zip(plane.lines[::2], plane.lines[1::2], strict=True):
        np.testing.assert_allclose(found.get_xydata(), true.get_xydata(), atol=1e-12)
    assert [line.get_label() for line in numbers.lines] == ["truth", "forecast"]
    assert numbers.lines[0].get_xdata()[-1] == pytest.approx(6.0)
    half = plot_forecasts(lambda x: 0.5 * law.trajectory(x, 0.2, 7)[:, 1:], start, future, law, dt=0.2)
    assert half.axes[2].lines[0].get_ydata()[-1] < -0.5
    assert np.abs(energies.lines[0].get_ydata()).max() < 1e-12


def test_a_rollout_by_the_true_law_lies_on_the_true_paths_and_loses_no_energy_where_a_damped_one_does():
    law = Gravity((1.0, 1.0, 1.0))
    future = torch.from_numpy(three_bodies(np.random.default_rng(0), count=2, steps=12, dt=0.05)["x"])

    def damped(state):
        return law.derivative(state) - 0.2 * state * (torch.arange(12) >= 6)

    figure = plot_rollout(law.derivative, future, law, 0.05, [(0, 1), (2, 3), (4, 5)], {"damped": damped}, drawn=10)
    learnt, rival, energies = figure.axes
    assert [len(panel.lines) for panel in figure.axes] == [6, 6, 2]
    for true, found in zip(learnt.lines[::2], learnt.lines[1::2], strict=True):
        assert len(true.get_xdata()) == 11
        np.testing.assert_allclose(found.get_xydata(), true.get_xydata(), atol=1e-6)
    assert np.abs(rival.lines[1].get_xydata() - rival.lines[0].get_xydata()).max() > 1e-2
    t, error = energies.lines[0].get_xydata().T
    assert t[-1] == pytest.approx(0.6)
    assert error.max() < 1e-6
    assert energies.lines[1].get_ydata()[-1] > 0.1
    assert [panel.get_title() for panel in (learnt, rival)] == ["learnt, truth in grey", "damped, truth in grey"]
