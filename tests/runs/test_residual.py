"""The laws of every experiment hold for what obeys them, and errors planted in them are found."""

import re
from functools import cache

import numpy as np
import pytest
import torch
from torch import nn

from physml.cli.compose import compose_config
from physml.physics import burgers, cylinder_wake, gravity
from physml.physics.burgers import Burgers
from physml.physics.navier_stokes import NavierStokes
from physml.physics.nonlinear_schrodinger import NonlinearSchrodinger
from physml.runs import residual
from physml.runs.build import build
from physml.runs.configs import config_directory
from physml.runs.errors import NotJudged
from physml.runs.evidence import Evidence
from physml.runs.residual import findings

FOLDER = config_directory() / "experiment"
EXPERIMENTS = sorted(path.relative_to(FOLDER).with_suffix("").as_posix() for path in FOLDER.rglob("*.yaml"))
BURGERS = "experiment=paper/raissi2019_burgers"


def found(*words):
    return {finding.law: finding for finding in findings(compose_config("train", list(words)))}


@cache
def shock():
    return burgers.shock(points=129, frames=60)


def vortices():
    """An exact flow in the window of the wake, in place of one that takes long."""
    x, y, t = np.linspace(1, 8, 40), np.linspace(-2, 2, 30), np.linspace(0, 2, 30)
    at = [torch.from_numpy(axis) for axis in np.meshgrid(x, y, t, indexing="ij")]
    _, u, v = NavierStokes(0.01, (1.0, 0.5)).taylor_green(*at)
    turns = torch.cos(2 * (at[0] - at[2])) + torch.cos(2 * (at[1] - 0.5 * at[2]))
    p = -turns * torch.exp(-4 * 0.01 * at[2]) / 4
    return {"x": x, "y": y, "t": t, "u": u.numpy(), "v": v.numpy(), "p": p.numpy()}


@pytest.fixture
def coarse(monkeypatch):
    """The exact solution of Burgers' equation, on a grid that is made fast, and a flow that is."""
    drawn = dict(shock())
    monkeypatch.setattr(burgers, "shock", lambda: drawn)
    monkeypatch.setattr(cylinder_wake, "wake", vortices)
    return drawn


@pytest.mark.parametrize("experiment", [name for name in EXPERIMENTS if name != "none"])
def test_the_laws_of_every_experiment_hold(coarse, experiment):
    for finding in found(f"experiment={experiment}").values():
        assert finding.holds is not False, finding
        assert finding.holds or finding.text


def test_every_law_of_these_is_judged():
    laws = found("experiment=shower_gravnet", "+constraint@task.constraints.bounds=bounds")
    assert {name: finding.holds for name, finding in laws.items()} == dict.fromkeys(
        ["visible_energy", "sum_to_one", "bounds"], True
    )
    assert found("experiment=pendulum_rnn")["energy"].holds


ORBITS = [
    "experiment=paper/greydanus2019_two_body",
    "data.validation=100",
    *(f"+constraint@task.constraints.{name}={name}" for name in ("linear_momentum", "angular_momentum")),
]


def test_orbits_conserve_momentum_and_angular_momentum_and_a_wrong_sign_in_it_is_found(monkeypatch):
    laws = {name: law.holds for name, law in found(*ORBITS).items()}
    assert laws == {"linear_momentum": True, "angular_momentum": True}

    def wrong(state):
        q, p = state.unflatten(-1, (2, -1, 2)).unbind(-3)
        return (q[..., 0] * p[..., 1] + q[..., 1] * p[..., 0]).sum(-1)

    monkeypatch.setattr(gravity, "angular_momentum", wrong)
    law = found(*ORBITS)["angular_momentum"]
    assert law.holds is False
    assert "the target breaks the law" in law.text


@pytest.mark.parametrize(
    "words",
    [
        (
            "experiment=pendulum_rnn",
            "+task.constraints.energy.quantity.pendulum="
            "{_target_: physml.physics.double_pendulum.DoublePendulum, length_2: 1.1}",
        ),
        ("experiment=nbody_e3nn", "task.constraints.momentum_conservation.duration=0.95"),
        ("experiment=paper/sanchezgonzalez2020_water", "task.constraints.momentum_balance.dt=0.0102"),
        (
            "experiment=shower_gravnet",
            "+constraint@task.constraints.bounds=bounds",
            "+task.constraints.bounds.upper=0.9",
        ),
    ],
)
def test_a_wrong_parameter_of_a_law_is_found(words):
    wrong = [finding for finding in found(*words).values() if finding.holds is False]
    assert len(wrong) == 1
    assert "the target breaks the law: mend it, its parameters or the data" in str(wrong[0])


def test_a_law_that_no_perturbation_breaks_does_not_hold():
    bounds = found("experiment=nbody_e3nn", "+constraint@task.constraints.bounds=bounds",
                   "+task.constraints.bounds.lower=-1000", "+task.constraints.bounds.upper=1000")["bounds"]  # fmt: skip
    assert bounds.holds is False
    assert "the perturbed target passes as well" in bounds.text


PLANTED = {
    "the sign of u u_x": lambda self, u, u_t, u_x, u_xx: u_t - u * u_x - self.viscosity * u_xx,
    "the sign of the viscosity": lambda self, u, u_t, u_x, u_xx: u_t + u * u_x + self.viscosity * u_xx,
    "a factor of one half, as of (u²)_x": lambda self, u, u_t, u_x, u_xx: u_t + 0.5 * u * u_x - self.viscosity * u_xx,
    "no viscosity": lambda self, u, u_t, u_x, u_xx: u_t + u * u_x + 0 * u_xx,
    "the viscosity of another derivative": lambda self, u, u_t, u_x, u_xx: u_t + u * u_x - self.viscosity * u_x,
}


@pytest.mark.parametrize("error", PLANTED)
def test_an_error_planted_in_an_equation_is_found(coarse, monkeypatch, error):
    monkeypatch.setattr(Burgers, "residual", PLANTED[error])
    equation = found(BURGERS)["burgers"]
    assert equation.holds is False
    assert "mend" in equation.text


@pytest.mark.parametrize(("viscosity", "factor"), [(0.0063661977, "0.5"), (0.0032149, "0.99"), (-0.0031830989, "-1")])
def test_a_wrong_coefficient_is_named_with_its_factor(coarse, viscosity, factor):
    equation = found(BURGERS, f"task.constraints.burgers.equation.viscosity={viscosity}")["burgers"]
    assert equation.holds is False
    assert f"the term with u_xx would have to be multiplied by {factor}: mend its sign or factor" in equation.text


@pytest.mark.parametrize(
    ("experiment", "word"),
    [("wave", "speed=2.02"), ("helmholtz", "a2=3.96"), ("poisson", "terms=[[1,1,1.02]]")],
)
def test_a_wrong_number_in_equations_with_exact_solutions_is_found(experiment, word):
    laws = found(f"experiment={experiment}", f"++task.constraints.{experiment}.equation.{word}")
    assert {name: finding.holds for name, finding in laws.items()} == {experiment: False, "conditions": True}
    assert "mend" in laws[experiment].text


SCHROEDINGER = "experiment=paper/raissi2019_schroedinger"


def test_where_the_reference_is_rough_an_exact_solution_judges():
    equation = found(SCHROEDINGER)["schroedinger"]
    assert equation.holds
    assert equation.text.startswith("exact solution, as the reference is rough, ")
    with pytest.raises(ValueError, match="expected a strength of 1, got 2"):
        found(SCHROEDINGER, "++task.constraints.schroedinger.equation.strength=2.0")


@pytest.mark.parametrize(("dispersion", "focus", "factor"), [(1.0, 1.0, "u_xx .*0.5"), (0.5, -1.0, "u .*-1")])
def test_an_error_planted_where_the_reference_is_rough_is_found(monkeypatch, dispersion, focus, factor):
    monkeypatch.setattr(
        NonlinearSchrodinger,
        "residual",
        lambda self, u, u_t, u_xx: 1j * u_t + dispersion * u_xx + focus * u.abs() ** 2 * u,
    )
    equation = found(SCHROEDINGER)["schroedinger"]
    assert equation.holds is False
    assert re.search(f"the term with {factor}: mend its sign or factor", equation.text)


def test_wrong_conditions_are_found(coarse, monkeypatch):
    assert found(BURGERS)["conditions"].holds
    right = burgers.shock_conditions
    monkeypatch.setattr(burgers, "shock_conditions", lambda tx: (-right(tx)[0], right(tx)[1]))
    assert "where g vanishes, a is not the solution" in found(BURGERS)["conditions"].text
    monkeypatch.setattr(burgers, "shock_conditions", lambda tx: (right(tx)[0], tx[:, :1] * right(tx)[1]))
    assert "the slope of a is not the solution's" in found(BURGERS)["conditions"].text


def test_a_wrong_solution_is_found(coarse):
    coarse["u"] = coarse["u"] + 0.01 * np.cos(coarse["t"])
    assert not found(BURGERS)["burgers"].holds
    assert not found(BURGERS)["conditions"].holds


def test_what_cannot_be_judged_is_said():
    symmetry = found("experiment=galaxy_cnn", "+constraint@task.constraints.symmetry=symmetry_penalty")["symmetry"]
    assert str(symmetry) == "symmetry: not judged: it acts on the network itself, whatever the data are"
    parts = found("experiment=galaxy_cnn", "+constraint@task.constraints.parts=sum_to_one")["parts"]
    assert str(parts) == "parts: not judged: the targets are classes, not predictions"
    rate = found("experiment=paper/champion2019_lorenz")["rate"]
    assert str(rate) == "rate: not judged: it reads more of the prediction than an array like the targets"
    assert found("experiment=moons_flow") == {}
    equation = found("experiment=galaxy_cnn", "+constraint@task.constraints.burgers=burgers")["burgers"]
    assert str(equation).startswith("burgers: not judged: the data have no reference solution")


class Start(nn.Module):
    """A soft condition: the field starts as −sin πx, and with a slope that is asked for by a network of our own."""

    weight = 1.0

    def __init__(self, sign=-1.0, slope=False):
        super().__init__()
        self.sign, self.slope = sign, slope

    def forward(self, network):
        x = torch.linspace(-1, 1, 30)
        values = network(torch.stack([torch.zeros(30), x], dim=1))
        if self.slope:
            values = network.derivatives(x, ["u_t"])["u_t"]
        return (values[:, 0] - self.sign * torch.sin(np.pi * x)).square().mean()


def test_soft_conditions_and_an_equation_as_the_loss_are_judged(coarse, monkeypatch):
    monkeypatch.setattr(residual, "build", lambda node: node if isinstance(node, nn.Module) else build(node))
    config = compose_config("train", [BURGERS])
    config["task"]["loss"] = config["task"]["constraints"].pop("burgers")
    config["task"]["constraints"] = {"start": Start(), "wrong": Start(1.0), "slope": Start(slope=True)}
    laws = {finding.law: finding for finding in findings(config)}
    assert {name: finding.holds for name, finding in laws.items()} == {
        "loss": True, "start": True, "wrong": False, "slope": None, "conditions": True
    }  # fmt: skip
    assert laws["wrong"].text.endswith("the solution breaks the law: mend it, its parameters or the data")
    assert str(laws["slope"]) == "slope: not judged: it reads more of the network than its values"


WAKE = "experiment=paper/raissi2019_cylinder_wake"
TRUTH = "task.constraints.navier_stokes.unknown.truth"


def test_coefficients_that_are_learnt_are_judged_by_their_truth(coarse):
    laws = found(WAKE)
    assert {name: finding.holds for name, finding in laws.items()} == {"navier_stokes": True, "data": True}
    assert not found(WAKE, f"{TRUTH}.viscosity=0.0102")["navier_stokes"].holds
    assert not found(WAKE, f"{TRUTH}.advection=0.98")["navier_stokes"].holds
    assert found(WAKE, f"{TRUTH}=null")["navier_stokes"].text == "the equation has coefficients that are to be learnt"


def test_coefficients_that_are_learnt_are_not_judged(coarse, monkeypatch):
    def learnt(node):
        law = build(node)
        law.equation = Burgers(nn.Parameter(torch.tensor(0.1)))
        law.coefficient = law.equation.viscosity
        return law

    monkeypatch.setattr(residual, "build", lambda node: learnt(node) if "equation" in node else build(node))
    assert found(BURGERS)["burgers"].text == "the equation has coefficients that are to be learnt"


def test_a_complex_solution_is_a_field_of_two_outputs(coarse):
    evidence = Evidence({})
    evidence.solution = {"x": coarse["x"], "t": coarse["t"], "u": coarse["u"] * (1 + 2j)}
    fields, axes = evidence.outputs(["p", "q"], ["t", "x"])
    assert list(axes) == ["x", "t"]
    np.testing.assert_allclose(fields["p"], coarse["u"])
    np.testing.assert_allclose(fields["q"], 2 * coarse["u"])
    with pytest.raises(NotJudged, match="the reference solution has 2 real parts, but the field 1 outputs"):
        evidence.outputs(["p"], ["t", "x"])
    with pytest.raises(NotJudged, match="the reference solution has x, t, u, but no y"):
        evidence.on_grid(["u"], ["x", "y"])


def test_a_law_that_does_not_fit_the_data_is_one_line():
    with pytest.raises(ValueError, match=r"^energy does not fit the data: VisibleEnergy reads 'energy', 'offsets'"):
        found("experiment=nbody_e3nn", "+constraint@task.constraints.energy=visible_energy")
