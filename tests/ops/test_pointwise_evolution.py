import math

import numpy as np
import pytest
import torch

from physml.ops.fourier import PeriodicInterval
from physml.ops.pointwise_evolution import beside_reference, evolve_pointwise, linearised_at_rest
from physml.physics.burgers import Burgers
from physml.physics.korteweg_de_vries import KortewegDeVries
from physml.physics.kuramoto_sivashinsky import KuramotoSivashinsky
from physml.physics.nonlinear_schrodinger import NonlinearSchrodinger

CIRCLE = PeriodicInterval(0.0, 2 * math.pi, 48)
SLOPES = ["u", "u_x", "u_xx", "u_xxx", "u_xxxx"]
LAWS = {  # as functions at a point, what they read, and the equations whose own solvers are the reference
    "burgers": (lambda z: -z[:, :1] * z[:, 1:2] + 0.2 * z[:, 2:], SLOPES[:3], Burgers(0.2)),
    "korteweg_de_vries": (
        lambda z: -z[:, :1] * z[:, 1:2] - 0.1 * z[:, 2:],
        ["u", "u_x", "u_xxx"],
        KortewegDeVries(0.1),
    ),
    "kuramoto_sivashinsky": (
        lambda z: -z[:, :1] * z[:, 1:2] - z[:, 2:3] - z[:, 4:],
        SLOPES,
        KuramotoSivashinsky(),
    ),
}
every_law = pytest.mark.parametrize("name", LAWS)


def schroedinger(z):
    """The rates of the real part u and the imaginary part v, from u, v, u_xx, v_xx."""
    u, v, u_xx, v_xx = z.T
    intensity = u**2 + v**2
    return torch.stack([-0.5 * v_xx - intensity * v, 0.5 * u_xx + intensity * u], dim=1)


def wave():
    """A complex start whose real and imaginary part differ."""
    return 0.8 + 0.3 * torch.exp(1j * CIRCLE.x) + 0.2j * torch.sin(2 * CIRCLE.x)


@every_law
def test_a_known_law_is_solved_as_by_its_own_solver(name):
    law, inputs, equation = LAWS[name]
    start = 0.4 + torch.sin(CIRCLE.x) + 0.3 * torch.cos(2 * CIRCLE.x + 1)
    found = evolve_pointwise(law, inputs, CIRCLE, start[None], 0.05, 4, 40, waves=16)
    exact = equation.solve(CIRCLE, start, dt=0.05, frames=4, substeps=40)
    torch.testing.assert_close(found, exact[None], rtol=0, atol=1e-7)


def test_a_wrong_linear_part_only_costs_accuracy_in_time(monkeypatch):
    law, inputs, equation = LAWS["kuramoto_sivashinsky"]
    start = torch.sin(CIRCLE.x)
    exact = equation.solve(CIRCLE, start, dt=0.1, frames=1, substeps=200)
    step = "physml.ops.pointwise_evolution.linearised_at_rest"
    monkeypatch.setattr(step, lambda law, inputs: torch.tensor([[0, 0, -0.8, 0, -1.3]], dtype=torch.float64))
    found = evolve_pointwise(law, inputs, CIRCLE, start[None], 0.1, 1, 200, waves=16)
    torch.testing.assert_close(found[0], exact, rtol=0, atol=1e-6)


def test_the_linear_part_is_that_at_rest():
    def law(z):
        return torch.stack([0.5 + 2 * z[:, 0] - 3 * z[:, 2] + 7 * z[:, 0] * z[:, 2], 4 * z[:, 1]], dim=1)

    slopes = linearised_at_rest(law, 3)
    torch.testing.assert_close(slopes, torch.tensor([[2.0, 0.0, -3.0], [0.0, 4.0, 0.0]], dtype=torch.float64))


def test_what_is_linear_in_each_of_several_fields_is_solved_exactly():
    def law(z):  # one field decays fast, the other moves; a step of the explicit scheme would not be stable
        return torch.stack([50 * z[:, 1], -3 * z[:, 2]], dim=1)

    start = torch.stack([torch.sin(CIRCLE.x), torch.cos(CIRCLE.x)])
    found = evolve_pointwise(law, ["u", "u_xx", "v_x"], CIRCLE, start, 0.5, 1, 1, waves=16)[..., 1]
    exact = torch.stack([math.exp(-25) * torch.sin(CIRCLE.x), torch.cos(CIRCLE.x - 1.5)])
    torch.testing.assert_close(found, exact, rtol=0, atol=1e-10)


def test_waves_beyond_those_kept_are_left_out():
    start = torch.sin(CIRCLE.x) + 0.5 * torch.sin(6 * CIRCLE.x)
    found = evolve_pointwise(lambda z: z**2, ["u"], CIRCLE, start[None], 0.01, 1, 1, waves=5)[0]
    torch.testing.assert_close(found[:, 0], torch.sin(CIRCLE.x))
    assert CIRCLE.transform(found[:, 1])[6:].abs().max() < 1e-12


@pytest.mark.parametrize("closed", [False, True])
def test_a_reference_is_followed_on_its_grid_whether_or_not_it_holds_both_ends(closed):
    law, inputs, equation = LAWS["burgers"]
    u = equation.solve(CIRCLE, torch.sin(CIRCLE.x), dt=0.1, frames=3, substeps=20)
    x = CIRCLE.x
    if closed:
        x, u = torch.cat([x, torch.tensor([2 * math.pi], dtype=torch.float64)]), torch.cat([u, u[:1]])
    solution = {"x": x.numpy(), "t": 5 + 0.1 * np.arange(4), "u": u.numpy()}
    found, truth = beside_reference(law, inputs, solution, substeps=20, waves=16)
    assert torch.equal(truth, u)
    torch.testing.assert_close(found, truth, rtol=0, atol=1e-7)


def test_a_complex_reference_is_two_fields():
    u = NonlinearSchrodinger().solve(CIRCLE, wave(), dt=0.2, frames=3, substeps=80)
    solution = {"x": CIRCLE.x.numpy(), "t": 0.2 * np.arange(4), "u": u.numpy()}
    found, truth = beside_reference(schroedinger, ["u", "v", "u_xx", "v_xx"], solution, substeps=80, waves=16)
    assert torch.equal(truth, u)
    torch.testing.assert_close(found, truth, rtol=0, atol=1e-7)


def test_a_law_whose_solution_blows_up_has_none():
    solution = {"x": CIRCLE.x.numpy(), "t": np.arange(3.0), "u": np.ones((48, 3)) * [[1.0, 2.0, 3.0]]}
    solution["u"][0] = 1.5
    found, _ = beside_reference(lambda z: z**3, ["u"], solution, substeps=4, waves=16)
    assert found.isnan().all()
