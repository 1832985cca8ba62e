from functools import partial

import pytest
import torch

from physml.networks.field import Field
from physml.networks.hidden_physics import HiddenPhysics
from physml.ops.pointwise_evolution import beside_reference
from physml.physics import burgers, navier_stokes, nonlinear_schrodinger
from physml.report.hidden_physics import plot_learnt_evolution, plot_learnt_flow

SOLVE = partial(beside_reference, substeps=10, waves=21)


def reference():
    return burgers.sine(points=64, frames=6, substeps=40)


def test_the_solution_of_the_law_is_drawn_beside_the_reference_and_the_law_written(seed):
    network = HiddenPhysics(Field(["t", "x"], [0.0, -8.0], [10.0, 8.0], hidden=[8]), ["u", "u_x", "u_xx"])
    network.law.forward = lambda z: 0.5 * z[:, 2:]  # diffusion: the sine decays
    x = torch.rand(200, 2, dtype=torch.float64)
    with torch.inference_mode():
        figure = plot_learnt_evolution(network, x, reference, SOLVE)
    assert figure._suptitle.get_text() == "Solution of the learnt law, which reads\nu_t = 0.5 u_xx"
    drawn = torch.tensor(figure.axes[0].collections[0].get_array().data)
    decay = (-0.5 * (torch.pi / 8) ** 2 * torch.linspace(0, 10, 7, dtype=torch.float64)).exp()
    interval = burgers.PeriodicInterval(-8.0, 8.0, 64)
    torch.testing.assert_close(drawn, -torch.sin(torch.pi * interval.x / 8)[:, None] * decay)
    true, _ = figure.axes[-1].lines
    assert true.get_ydata() == pytest.approx(reference()["u"][:, -1])


def test_of_a_complex_solution_the_modulus_is_drawn_and_each_rate_has_a_line(seed):
    field = Field(["t", "x"], [0.0, -5.0], [1.6, 5.0], outputs=["u", "v"], hidden=[8])
    network = HiddenPhysics(field, ["u", "v"], rates=["u_t", "v_t"])
    network.law.forward = lambda z: torch.stack([-2 * z[:, 1], 2 * z[:, 0]], dim=1)  # the phase turns alone
    solution = partial(nonlinear_schrodinger.soliton, points=64, frames=6)
    with torch.inference_mode():
        figure = plot_learnt_evolution(network, torch.rand(200, 2, dtype=torch.float64), solution, SOLVE)
    assert figure._suptitle.get_text().splitlines()[1:] == ["u_t = −2 v", "v_t = 2 u"]
    drawn = torch.tensor(figure.axes[0].collections[0].get_array().data)
    torch.testing.assert_close(drawn, drawn[:, :1].expand(-1, 7), rtol=0, atol=1e-6)


def test_a_flow_is_drawn_beside_the_reference_with_its_error(seed):
    box = [0.0, 0.0, 0.0], [1.0, 2 * torch.pi, 2 * torch.pi]
    network = HiddenPhysics(Field(["t", "x", "y"], *box, outputs=["w"], hidden=[8]), ["w"], ["w_t"])
    network.law.forward = lambda z: -2 * z  # all of it decays
    solution = partial(navier_stokes.merger, points=16, frames=4, viscosity=0.1, until=1.0)
    x = torch.rand(200, 3, dtype=torch.float64)
    with torch.inference_mode():
        figure = plot_learnt_flow(network, x, solution, partial(navier_stokes.beside_reference, substeps=4), moments=2)
    truth, found, error = (torch.tensor(figure.axes[row].collections[0].get_array().data) for row in (1, 3, 5))
    w = torch.from_numpy(solution()["w"])
    torch.testing.assert_close(truth, w[..., -1].T)
    torch.testing.assert_close(found, w[..., 0].T * torch.tensor(-2.0, dtype=torch.float64).exp(), rtol=0, atol=1e-4)
    torch.testing.assert_close(error, found - truth)
    assert figure._suptitle.get_text().splitlines()[1:] == ["w_t = −2 w"]
