from functools import partial

import pytest
import torch

from physml.constraints.gradnorm import GradNorm


def norms(task, objective):
    """Lengths of the gradients of the weighted terms."""
    terms = {"loss": objective.loss, **objective.penalties}
    weights = list(task.network.parameters())
    return torch.stack(
        [
            objective.gammas[name] * torch.autograd.grad(term, weights, retain_graph=True)[0].norm()
            for name, term in terms.items()
        ]
    )


def ask(task):
    return task.objective({"x": torch.zeros(len(task.network.w), dtype=torch.float64)})


def test_without_restoring_force_all_gradients_are_equally_large(toy_terms):
    make_task, _, Quadratic = toy_terms
    laws = {"huge": Quadratic([0.0, 1.0], scale=30.0), "tiny": Quadratic([2.0, 1.0], scale=0.01, weight=0.3)}
    task = make_task(partial(GradNorm, restoring=0.0, memory=0.0), Quadratic([1.0, 1.0]), [0.3, -0.2], **laws)
    found = norms(task, ask(task))
    torch.testing.assert_close(found, found[:1].expand(3))
    assert task.weighting.factors.sum().item() == pytest.approx(3)


def test_a_term_that_lags_behind_gets_the_larger_gradient_by_the_stated_power(toy_terms):
    make_task, _, Quadratic = toy_terms
    fast, slow = Quadratic([0.0, 1.0], axes=[1, 0]), Quadratic([0.0, 1.0], axes=[0, 0.1])
    task = make_task(partial(GradNorm, restoring=0.7, memory=0.0), fast, [1.0, 0.0], slow=slow)
    first = ask(task)
    task.network.w.data.copy_(torch.tensor([0.5, 0.1]))
    objective = ask(task)
    found = norms(task, objective)
    ratio = (objective.penalties["slow"] / first.penalties["slow"]) / (objective.loss / first.loss)
    assert ratio > 1.5
    assert (found[1] / found[0]).item() == pytest.approx(ratio.item() ** 0.7, rel=1e-6)


def test_units_do_not_matter(toy_terms):
    make_task, _, Quadratic = toy_terms
    ratios = []
    for scale in (1.0, 1e4):
        task = make_task(GradNorm, Quadratic([1.0, 1.0]), [0.3, -0.2], law=Quadratic([0.0, 2.0], scale=scale))
        gammas = ask(task).gammas
        ratios.append((gammas["law"] * scale**2 / gammas["loss"]).item())
    assert ratios[0] == pytest.approx(ratios[1])


def test_weights_are_averaged_over_steps(toy_terms):
    make_task, _, Quadratic = toy_terms
    task = make_task(partial(GradNorm, restoring=0.0, memory=0.75), Quadratic([1.0]), [0.0], law=Quadratic([-1.0]))
    ask(task)  # equal gradients
    torch.testing.assert_close(task.weighting.factors, torch.ones(2, dtype=torch.float64))
    task.network.w.data.fill_(0.5)  # gradients 1 : 3, so that balance is at 3/2 and 1/2
    ask(task)
    expected = 0.75 * torch.ones(2) + 0.25 * torch.tensor([1.5, 0.5])
    torch.testing.assert_close(task.weighting.factors, expected.double())


def test_constraints_without_a_gradient_have_no_say(toy_terms):
    make_task, _, Quadratic = toy_terms
    laws = {"off": Quadratic([5.0], weight=0.0), "met": Quadratic([0.3])}
    task = make_task(GradNorm, Quadratic([1.0]), [0.3], **laws)
    gammas = ask(task).gammas
    assert {name: value.item() for name, value in gammas.items()} == {"loss": 1.0, "off": 0.0, "met": 0.0}


def test_a_memory_without_end_is_refused():
    with pytest.raises(ValueError, match="expected a memory from 0 to below 1, got 1"):
        GradNorm(["a"], memory=1)
