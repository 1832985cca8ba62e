from functools import partial

import pytest
import torch

from physml.constraints.conflict_free import ConflictFree, conflict_free_factors
from physml.constraints.fixed import FixedWeighting


@pytest.mark.parametrize("terms", [2, 3, 5])
def test_the_step_has_the_same_positive_cosine_with_every_gradient(terms, seed):
    gradients = torch.randn(terms, 12, dtype=torch.float64) * 10.0 ** torch.arange(terms)[:, None]
    gradients[1] -= 2 * gradients[0] / gradients[0].norm() * gradients[1].norm()  # these two are in conflict
    assert gradients[0] @ gradients[1] < 0
    step = conflict_free_factors(gradients) @ gradients
    cosines = torch.nn.functional.cosine_similarity(step[None], gradients)
    assert cosines.min() > 0.01
    torch.testing.assert_close(cosines, cosines[:1].expand(terms))


def test_it_is_the_formula_of_the_paper(seed):
    gradients = torch.randn(3, 7, dtype=torch.float64)
    units = gradients / gradients.norm(dim=1, keepdim=True)
    direction = torch.linalg.pinv(units) @ torch.ones(3, dtype=torch.float64)
    direction = direction / direction.norm()
    expected = (gradients @ direction).sum() * direction
    torch.testing.assert_close(conflict_free_factors(gradients) @ gradients, expected)


def test_gradients_that_agree_are_added():
    gradients = torch.tensor([[3.0, 0.0], [5.0, 0.0]], dtype=torch.float64)
    torch.testing.assert_close(conflict_free_factors(gradients) @ gradients, gradients.sum(0))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_opposite_gradients_leave_no_step(dtype, seed):
    gradient = torch.randn(500, dtype=dtype)
    step = conflict_free_factors(torch.stack([gradient, -3 * gradient])) @ torch.stack([gradient, -3 * gradient])
    assert step.norm() < 1e-3 * gradient.norm()


def test_a_gradient_of_zero_has_no_say():
    gradients = torch.tensor([[3.0, 4.0], [0.0, 0.0]])
    assert torch.equal(conflict_free_factors(gradients), torch.tensor([1.0, 0.0]))


def test_every_term_falls_where_a_fixed_sum_raises_one(toy_terms):
    make_task, descend, Quadratic = toy_terms

    def terms(weighting, steps):
        task = make_task(weighting, Quadratic([0.0, 1.0], scale=3.0), [1.0, 0.2], law=Quadratic([1.0, 0.0], scale=0.3))
        seen = descend(task, steps, lr=0.01)
        return torch.stack([torch.stack([each.loss, each.penalties["law"]]).detach() for each in seen])

    assert (terms(FixedWeighting(), 10)[:, 1].diff() > 0).all()
    steps = terms(ConflictFree, 10).diff(dim=0)
    assert (steps < 0).all()


def test_the_step_of_the_objective_is_that_of_the_formula(toy_terms):
    make_task, _, Quadratic = toy_terms
    laws = {"one": Quadratic([1.0, 0.0, 2.0], weight=0.2), "off": Quadratic([9.0, 9.0, 9.0], weight=0.0)}
    task = make_task(partial(ConflictFree), Quadratic([0.0, 1.0, 0.0]), [1.0, 0.2, 0.3], **laws)
    objective = task.objective({"x": torch.zeros(3, dtype=torch.float64)})
    terms = [objective.loss, 0.2 * objective.penalties["one"], 0 * objective.penalties["off"]]
    gradients = torch.stack([torch.autograd.grad(term, task.network.w, retain_graph=True)[0] for term in terms])
    (step,) = torch.autograd.grad(objective.total, task.network.w)
    torch.testing.assert_close(step, conflict_free_factors(gradients) @ gradients)
    assert objective.gammas["off"] == 0


def test_no_step_where_every_one_raises_a_term():
    angle = torch.tensor(170.0).deg2rad()
    gradients = torch.tensor([[1.0, 0.0], [angle.cos(), angle.sin()], [angle.cos(), -angle.sin()]])
    assert (conflict_free_factors(gradients) == 0).all()
