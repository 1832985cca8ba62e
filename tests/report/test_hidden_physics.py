import pytest
import torch

from physml.networks.field import Field
from physml.networks.hidden_physics import HiddenPhysics
from physml.physics import burgers
from physml.report.hidden_physics import plot_learnt_evolution


def reference():
    return burgers.sine(points=64, frames=6, substeps=40)


def test_the_solution_of_the_law_is_drawn_beside_the_reference_and_the_law_written(seed):
    network = HiddenPhysics(Field(["t", "x"], [0.0, -8.0], [10.0, 8.0], hidden=[8]), order=2)
    network.law.forward = lambda z: 0.5 * z[:, 2]  # diffusion: the sine decays
    x = torch.rand(200, 2, dtype=torch.float64)
    with torch.inference_mode():
        figure = plot_learnt_evolution(network, x, reference, substeps=10, waves=21)
    assert figure._suptitle.get_text() == "Solution of the learnt law, which reads u_t = 0.5 u_xx"
    drawn = torch.tensor(figure.axes[0].collections[0].get_array().data)
    decay = (-0.5 * (torch.pi / 8) ** 2 * torch.linspace(0, 10, 7, dtype=torch.float64)).exp()
    interval = burgers.PeriodicInterval(-8.0, 8.0, 64)
    torch.testing.assert_close(drawn, -torch.sin(torch.pi * interval.x / 8)[:, None] * decay)
    true, _ = figure.axes[-1].lines
    assert true.get_ydata() == pytest.approx(reference()["u"][:, -1])
