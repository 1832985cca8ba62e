from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from physml.data.lorenz import LorenzSource
from physml.metrics.sparse_dynamics import relative_error, true_coefficients, wrong_terms
from physml.networks.sparse_dynamics import SparseDynamics
from physml.ops.multiple_shooting import multiple_shooting
from physml.ops.sparse_regression import condense, stlsq
from physml.physics.lorenz import Lorenz
from physml.tasks.sparse_regression import SparseRegressionTask, measured_derivatives, weak_form


@pytest.fixture
def network():
    return SparseDynamics(["x", "y", "z"], degree=5)


def found(network, form, pieces=10, **noise):
    arrays = LorenzSource(**noise)(pieces, np.random.default_rng(3))
    with torch.no_grad():
        return stlsq(condense([form(network, arrays[slice(None)])]), 0.025)


@pytest.mark.parametrize(
    ("form", "noise", "bound"),
    [
        (measured_derivatives, {}, 1e-12),
        (measured_derivatives, {"derivative_noise": 0.1}, 1e-4),
        (partial(weak_form, dt=1e-3), {}, 1e-9),
        (partial(weak_form, dt=1e-3), {"state_noise": 0.01}, 3e-4),
    ],
    ids=["exact", "noisy derivatives", "weak", "noisy states"],
)
def test_the_law_is_found(network, form, noise, bound):
    coefficients, truth = found(network, form, **noise), true_coefficients(Lorenz(), network)
    assert wrong_terms(coefficients, truth) == 0
    assert relative_error(coefficients, truth) < bound


def test_differences_of_noisy_states_do_not_find_it(network):
    # What the weak form is for.
    arrays = LorenzSource(state_noise=0.1)(10, np.random.default_rng(3))
    x = arrays.events["x"]
    batch = {"x": x[:, 1:-1], "y": (x[:, 2:] - x[:, :-2]) / 2e-3}
    coefficients = stlsq(condense([measured_derivatives(network, batch)]), 0.025)
    assert wrong_terms(coefficients, true_coefficients(Lorenz(), network)) > 0


def test_the_last_batch_solves_all_of_them(network, monkeypatch):
    arrays = LorenzSource(state_noise=0.01)(6, np.random.default_rng(3))
    task = SparseRegressionTask(network, nn.MSELoss(), partial(weak_form, dt=1e-3), members=5)
    optimizer = task.configure_optimizers()
    monkeypatch.setattr(task, "optimizers", lambda: optimizer)
    monkeypatch.setattr(task, "log_dict", lambda terms: None)
    for number in range(6):
        task._trainer = SimpleNamespace(is_last_batch=number == 5)
        task.training_step(arrays[torch.tensor([number])], number)
        assert bool(network.coefficients.any()) == (number == 5)
    truth = true_coefficients(Lorenz(), network)
    assert wrong_terms(network.coefficients, truth) == 0
    assert torch.equal(network.spread != 0, truth != 0)
    assert task._parts == []


def test_the_terms_found_are_refined_with_all_trajectories(network, monkeypatch):
    arrays = LorenzSource(state_noise=0.1)(4, np.random.default_rng(3))
    refine, seen = partial(multiple_shooting, dt=1e-3, window=250), []

    def refinement(x, powers, coefficients):
        seen.append((x, refine(x, powers, coefficients)))
        return seen[0][1]

    task = SparseRegressionTask(network, nn.MSELoss(), partial(weak_form, dt=1e-3), refinement=refinement)
    optimizer = task.configure_optimizers()
    monkeypatch.setattr(task, "optimizers", lambda: optimizer)
    monkeypatch.setattr(task, "log_dict", lambda terms: None)
    monkeypatch.setattr(task, "log", lambda name, value: None)
    for number in range(4):
        task._trainer = SimpleNamespace(is_last_batch=number == 3)
        task.training_step(arrays[torch.tensor([number])], number)
    assert torch.equal(seen[0][0], arrays.events["x"])
    torch.testing.assert_close(network.coefficients, seen[0][1].coefficients)
    assert torch.equal(network.spread, seen[0][1].standard_errors)
    assert task._trajectories == []
    truth = true_coefficients(Lorenz(), network)
    regressed = found(network, partial(weak_form, dt=1e-3), pieces=4, state_noise=0.1)
    assert relative_error(network.coefficients, truth) < 0.7 * relative_error(regressed, truth)


@pytest.mark.parametrize("wrong", [{"optimizer": torch.optim.SGD}, {"constraints": {"any": nn.Identity()}}])
def test_what_needs_gradient_steps_is_refused(network, wrong):
    with pytest.raises(ValueError, match=r"expected no optimizer, scheduler or constraints"):
        SparseRegressionTask(network, nn.MSELoss(), measured_derivatives, **wrong)
