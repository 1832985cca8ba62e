from functools import partial

import pytest
import torch
from torch import nn

from physml.constraints.ntk import NeuralTangentKernel
from physml.tasks.supervised import SupervisedTask


class Forces(nn.Module):
    """A residual that is linear in the two numbers that the network puts out, of known Jacobian."""

    def __init__(self, matrix, weight=1.0):
        super().__init__()
        self.matrix, self.weight = torch.tensor(matrix, dtype=torch.float64), weight

    def forward(self, prediction):
        return self.residual(prediction).square().mean()

    def residual(self, prediction):
        return self.matrix @ prediction - 1


ONE, OTHER = [[3.0, 0.0], [0.0, 1.0], [1.0, 1.0]], [[0.02, 0.05]]


def traces(task):
    """Mean eigenvalues of the kernels of L and of the law, from their Jacobians."""
    return torch.stack([law.matrix.square().sum(1).mean() for law in (task.loss, *task.constraints.values())])


def ask(task):
    return task.objective({"x": torch.zeros(2, dtype=torch.float64)})


def test_rates_of_all_terms_become_equal(toy_terms):
    make_task, _, _ = toy_terms
    make = partial(NeuralTangentKernel, memory=0.99, period=1)
    task = make_task(make, Forces(ONE), [0.3, 0.4], law=Forces(OTHER, weight=0.5))
    kappa = traces(task) * torch.tensor([1.0, 0.5])
    found = []
    for _ in range(600):
        ask(task)
        found.append(task.weighting.rates.clone())
    rates = torch.stack(found[100:]).mean(0)  # Hutchinson's draws scatter about the trace
    torch.testing.assert_close(rates, kappa, rtol=0.05, atol=0)
    gammas = ask(task.eval()).gammas
    now = task.weighting.rates
    assert gammas["loss"].item() == pytest.approx((now.sum() / now[0]).item())
    assert gammas["law"].item() == pytest.approx(0.5 * (now.sum() / now[1]).item())


def test_a_single_residual_needs_no_average(toy_terms):
    make_task, _, _ = toy_terms
    task = make_task(NeuralTangentKernel, Forces([[2.0, 1.0]]), [0.3, 0.4], law=Forces([[0.0, 0.1]], weight=4.0))
    gammas = ask(task).gammas
    assert gammas["loss"].item() == pytest.approx(5.04 / 5)
    assert gammas["law"].item() == pytest.approx(4 * 5.04 / 0.04)


def test_draws_are_made_once_a_period(toy_terms):
    make_task, _, _ = toy_terms
    make = partial(NeuralTangentKernel, period=3)
    task, seen = make_task(make, Forces(ONE), [0.3, 0.4], law=Forces(OTHER)), []
    for _ in range(7):
        ask(task)
        seen.append(task.weighting.rates[0].item())
    assert seen[0] == seen[1] == seen[2] != seen[3] == seen[4] == seen[5] != seen[6]


def test_each_process_draws_for_itself(toy_terms, monkeypatch):
    make_task, _, _ = toy_terms
    found, matrix = [], torch.randn(9, 2).tolist()
    for rank in (0, 1, 1):
        monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
        monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 2)
        monkeypatch.setattr(torch.distributed, "get_rank", lambda rank=rank: rank)
        task = make_task(NeuralTangentKernel, Forces(matrix), [0.3, 0.4])
        ask(task)
        found.append(task.weighting.rates[0].item())
    assert found[0] != found[1] == found[2]


def test_the_squared_error_is_a_term_too(toy_terms):
    make_task, _, _ = toy_terms
    task = make_task(NeuralTangentKernel, nn.MSELoss(), [0.3, 0.4], law=Forces([[0.0, 2.0]]))
    arrays = {"x": torch.zeros(2, dtype=torch.float64), "y": torch.ones(2, dtype=torch.float64)}
    gammas = task.objective(arrays).gammas
    assert gammas["loss"].item() == pytest.approx(5.0)  # κ = 1 of the error, 4 of the law
    assert gammas["law"].item() == pytest.approx(1.25)


def test_complex_residuals_count_by_both_parts(toy_terms):
    make_task, _, _ = toy_terms

    class Wave(nn.Module):
        weight = 1.0

        def forward(self, prediction):
            return self.residual(prediction).abs().square().mean()

        def residual(self, prediction):
            return torch.complex(prediction[:1], 2 * prediction[1:])

    task = make_task(partial(NeuralTangentKernel, memory=0.99, period=1), Forces([[1.0, 0.0]]), [0.3, 0.4], wave=Wave())
    for _ in range(50):
        ask(task)
    assert task.weighting.rates[1].item() == pytest.approx(5)  # 1 + 4; its parts have orthogonal gradients


def test_a_constraint_that_is_off_has_no_say(toy_terms):
    make_task, _, _ = toy_terms
    task = make_task(NeuralTangentKernel, Forces([[2.0, 1.0]]), [0.3, 0.4], law=Forces([[0.0, 0.1]], weight=0.0))
    assert {name: value.item() for name, value in ask(task).gammas.items()} == {"loss": 1.0, "law": 0.0}


def test_terms_that_are_no_mean_of_squares_are_refused_before_the_training():
    task = SupervisedTask(nn.Identity(), nn.L1Loss(), partial(torch.optim.Adam), weighting=NeuralTangentKernel).eval()
    with pytest.raises(ValueError, match="expected terms that are means of squares of a residual, got L1Loss"):
        task.objective({"input": torch.zeros(3), "y": torch.zeros(3)})


@pytest.mark.parametrize("wrong", [{"memory": 1.0}, {"period": 0}])
def test_refusals(wrong):
    with pytest.raises(ValueError, match="expected a memory from 0 to below 1 and a period from 1 on"):
        NeuralTangentKernel(["a"], **wrong)


def test_squares_that_are_added_up_at_each_point_count_so(toy_terms):
    make_task, _, _ = toy_terms

    class Both(nn.Module):
        weight = 1.0

        def forward(self, prediction):
            return self.residual(prediction).square().sum(1).mean()

        def residual(self, prediction):
            return torch.stack([prediction[0], 2 * prediction[1]])[None]

    task = make_task(partial(NeuralTangentKernel, memory=0.99, period=1), Forces([[1.0, 0.0]]), [0.3, 0.4], both=Both())
    for _ in range(50):
        ask(task)
    assert task.weighting.rates[1].item() == pytest.approx(5)
