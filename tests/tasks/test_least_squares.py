import pytest
import torch
from torch import nn

from physml.constraints.data_misfit import DataMisfit
from physml.constraints.equation_residual import EquationResidual
from physml.constraints.unknown_coefficients import UnknownCoefficients
from physml.networks.field import Field
from physml.physics.burgers import Burgers, shock_conditions
from physml.tasks.least_squares import LeastSquaresTask


def make(**changes):
    field = Field(["t", "x"], [0.0, -1.0], [1.0, 1.0], hidden=[8], conditions=shock_conditions)
    settings = {"network": field, "loss": nn.MSELoss(), "constraints": {"law": EquationResidual(Burgers(0.1), "tx")}}
    return LeastSquaresTask(**(settings | changes))


def test_without_targets_there_is_only_the_residual(seed):
    task, x = make(constraints={"law": EquationResidual(Burgers(0.1), "tx", weight=3.0)}), torch.rand(40, 2).double()
    objective = task.objective({"x": x})
    assert objective.loss == 0
    assert objective.total.item() == pytest.approx(3 * objective.penalties["law"].item())
    with_targets = task.objective({"x": x, "y": torch.zeros(40, 1).double()})
    assert with_targets.loss.item() == pytest.approx(task.network(x).square().mean().item())
    assert with_targets.total.item() == pytest.approx(objective.total.item())


def test_the_sum_of_squares_is_the_objective(seed):
    laws = {
        "one": EquationResidual(Burgers(0.1), "tx", weight=3.0),
        "other": EquationResidual(Burgers(0.3), "tx", weight=0.2),
    }
    task, x = make(constraints=laws), torch.rand(40, 2).double()
    assert task._residuals({"x": x}).square().sum().item() == pytest.approx(task.objective({"x": x}).total.item())


class Relaxation:
    """u_t = 1 − u, which a constant solves."""

    def residual(self, u, u_t):
        return u_t + u - 1


class Coupled:
    """v_t = 3 − u − v."""

    def residual(self, u, v, v_t):
        return v_t + u + v - 3


def test_one_step_solves_what_is_linear_in_the_weights(seed, monkeypatch):
    field, law = Field(["t", "x"], [0.0, -1.0], [1.0, 1.0], hidden=[]), EquationResidual(Relaxation(), "tx")
    task, x = make(network=field, constraints={"law": law}, damping=1e-12), torch.rand(40, 2).double()
    optimizer = task.configure_optimizers()
    monkeypatch.setattr(task, "optimizers", lambda: optimizer)
    task._step({"x": x})
    torch.testing.assert_close(field(x), torch.ones(40, 1, dtype=torch.float64))


def test_two_equations_are_solved_together(seed, monkeypatch):
    field = Field(["t", "x"], [0.0, -1.0], [1.0, 1.0], hidden=[], outputs=["u", "v"])
    laws = {"u": EquationResidual(Relaxation(), "tx", "uv"), "v": EquationResidual(Coupled(), "tx", "uv", weight=0.5)}
    task, x = make(network=field, constraints=laws, damping=1e-12), torch.rand(40, 2).double()
    optimizer = task.configure_optimizers()
    monkeypatch.setattr(task, "optimizers", lambda: optimizer)
    task._step({"x": x})
    torch.testing.assert_close(field(x), torch.tensor([[1.0, 2.0]], dtype=torch.float64).expand(40, 2))


def test_points_are_drawn_where_the_residual_is_large(seed):
    task, x = make(points=500), torch.rand(5000, 2).double()
    size = task.constraints["law"].residual(task.network, x).abs()
    drawn = task._draw({"x": x})["x"]
    assert len(drawn) == 500
    found = task.constraints["law"].residual(task.network, drawn).abs().mean()
    expected = (size * (1 + size / size.mean())).mean() / 2  # of draws with replacement
    assert found.item() == pytest.approx(expected.item(), rel=0.15)
    assert found > 1.1 * size.mean()


def test_no_equation_is_refused():
    with pytest.raises(ValueError, match=r"expected an equation among the constraints, got none"):
        make(constraints={})


def test_an_exact_solution_leaves_the_draw_to_chance(monkeypatch):
    task = make(points=3)
    monkeypatch.setattr(task, "_residuals", lambda x: torch.zeros(len(x["x"]), 1).double())
    assert task._draw({"x": torch.rand(10, 2).double()})["x"].shape == (3, 2)


def test_a_step_moves_the_weights_as_the_solver_says_and_no_further(seed, monkeypatch):
    task, x = make(), torch.rand(300, 2).double()
    optimizer = task.configure_optimizers()
    monkeypatch.setattr(task, "optimizers", lambda: optimizer)
    sums = [task._step({"x": x}).item() for _ in range(15)]
    assert sums == sorted(sums, reverse=True)
    assert sums[-1] < 0.05 * sums[0]
    assert task._residuals({"x": x}).square().sum().item() <= sums[-1]


def test_a_coefficient_is_found_with_its_error(seed, monkeypatch):
    # u_t = k (1 − u) with u = 1 − exp(−k t), k = 0.7, measured with noise.
    def fit():
        x = torch.rand(100, 2).double()
        y = 1 - torch.exp(-0.7 * x[:, :1]) + 0.01 * torch.randn(100, 1).double()
        law = EquationResidual(UnknownRate(), "tx", unknown=UnknownCoefficients({"rate": 2.0}))
        field = Field(["t", "x"], [0.0, 0.0], [1.0, 1.0], hidden=[3])
        task = make(network=field, constraints={"law": law, "data": DataMisfit()}, points=100, repeats=12)
        optimizer = task.configure_optimizers()
        monkeypatch.setattr(task, "optimizers", lambda: optimizer)
        monkeypatch.setattr(task, "log_dict", lambda *_: None)
        for _ in range(2):
            task.training_step({"x": x, "y": y}, 0)
        return law.unknown.estimates()["rate"]

    rates, errors = zip(*(fit() for _ in range(8)), strict=True)
    pulls = (torch.tensor(rates) - 0.7) / torch.tensor(errors)
    assert max(errors) < 0.05
    assert 0.5 < pulls.square().mean().sqrt() < 1.7


class UnknownRate:
    def residual(self, u, u_t, rate):
        return u_t - rate * (1 - u)
