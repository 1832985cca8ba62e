from functools import partial

import pytest
import torch
from torch import nn

from physml.constraints.learnt_uncertainty import LearntUncertainty
from physml.tasks.supervised import SupervisedTask


def test_with_the_terms_held_each_variance_becomes_its_term():
    terms, weighting = torch.tensor([0.04, 5.0]), LearntUncertainty(["law"])
    optimizer = torch.optim.SGD(weighting.parameters(), lr=0.5)
    for _ in range(400):
        optimizer.zero_grad()
        gammas = torch.stack(list(weighting(terms, {"law": 1.0}).values()))
        ((gammas * terms).sum() + weighting.regulariser()).backward()
        optimizer.step()
    torch.testing.assert_close(weighting.log_variance.exp().detach(), terms, rtol=1e-4, atol=0)
    torch.testing.assert_close(gammas.detach(), 0.5 / terms, rtol=1e-4, atol=0)


def test_the_objective_has_the_regulariser(toy_terms):
    make_task, _, Quadratic = toy_terms
    task = make_task(LearntUncertainty, Quadratic([0.0]), [2.0], law=Quadratic([1.0], weight=3.0))
    task.weighting.log_variance.data = torch.tensor([0.4, -1.0], dtype=torch.float64)
    total = task.objective({"x": torch.zeros(1, dtype=torch.float64)}).total
    s = task.weighting.log_variance.detach()
    expected = 4 * (-s[0]).exp() / 2 + 3 * 1 * (-s[1]).exp() / 2 + s.sum() / 2
    assert total.item() == pytest.approx(expected.item())


def test_decay_is_kept_from_the_variances(toy_terms):
    make_task, _, Quadratic = toy_terms
    task = make_task(LearntUncertainty, Quadratic([0.0]), [2.0], law=Quadratic([1.0]))
    task._make_optimizer = partial(torch.optim.AdamW, lr=0.1, weight_decay=0.5)
    optimizer = task.configure_optimizers()
    (network, own) = optimizer.param_groups
    assert network["params"] == list(task.network.parameters())
    assert network["weight_decay"] == 0.5
    assert own["params"] == [task.weighting.log_variance]
    assert own["weight_decay"] == 0
    task.weighting.log_variance.data.fill_(3.0)
    task.weighting.log_variance.grad = torch.zeros(2, dtype=torch.float64)
    optimizer.step()
    assert torch.equal(task.weighting.log_variance.data, torch.full((2,), 3.0, dtype=torch.float64))


def test_a_loss_below_zero_is_refused_before_the_training():
    class Likelihood(nn.Module):
        def forward(self, prediction):
            return prediction.mean() - 5

    task = SupervisedTask(nn.Identity(), Likelihood(), partial(torch.optim.Adam), weighting=LearntUncertainty).eval()
    with pytest.raises(ValueError, match=r"expected terms from 0 on, squared errors, got \[-5\.0\]"):
        task.objective({"input": torch.zeros(3)})


def test_a_term_of_zero_keeps_finite_weights():
    weighting = LearntUncertainty(["law"])
    weighting.log_variance.data = torch.tensor([0.0, -300.0])
    assert torch.isfinite(torch.stack(list(weighting(torch.tensor([1.0, 0.0]), {"law": 1.0}).values()))).all()


def test_a_term_that_was_zero_for_long_comes_back():
    weighting = LearntUncertainty(["law"])
    optimizer, totals = torch.optim.Adam(weighting.parameters(), lr=0.01), []
    for step in range(5000):
        optimizer.zero_grad()
        terms = torch.tensor([1.0, 0.0 if step < 3000 else 1.0])
        gammas = torch.stack(list(weighting(terms, {"law": 1.0}).values()))
        total = (gammas * terms).sum() + weighting.regulariser()
        total.backward()
        optimizer.step()
        totals.append(total.item())
    assert min(totals[:3000]) > -11  # a half of −20, and no less
    assert totals[-1] < 1e-2 * totals[3000]
