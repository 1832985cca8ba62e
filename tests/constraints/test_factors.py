from functools import partial

import pytest
import torch

from physml.constraints.conflict_free import ConflictFree
from physml.constraints.factors import beyond_rounding, gammas
from physml.constraints.gradnorm import GradNorm
from physml.constraints.ntk import NeuralTangentKernel


def test_factors_of_terms_become_weights_by_name():
    found = gammas(torch.tensor([2.0, 3.0, 5.0]), {"energy": 0.5, "mass": 0.0})
    assert {name: value.item() for name, value in found.items()} == {"loss": 2.0, "energy": 1.5, "mass": 0.0}


def test_each_term_has_one():
    with pytest.raises(ValueError, match="longer"):
        gammas(torch.ones(3), {"energy": 1.0})


@pytest.mark.parametrize("make", [GradNorm, ConflictFree, partial(NeuralTangentKernel, period=1)])
def test_gradients_of_rounding_errors_are_not_scaled_up(make, toy_terms):
    make_task, _, Quadratic = toy_terms
    exact, other = Quadratic([0.0, 0.0], scale=1e-16), Quadratic([0.0, 1.0], weight=0.5)
    objectives = [
        make_task(make, Quadratic([1.0, 1.0]), [0.3, -0.2], **laws).objective({"x": torch.zeros(2).double()})
        for laws in ({"other": other, "exact": exact}, {"other": other})
    ]
    both, alone = ({name: float(gamma) for name, gamma in each.gammas.items()} for each in objectives)
    assert both.pop("exact") == 0
    assert both == pytest.approx(alone)


@pytest.mark.parametrize("start", [0.0, 0.3])
def test_a_law_that_happens_to_hold_keeps_the_weight_of_its_kernel(start, toy_terms):
    make_task, _, Quadratic = toy_terms
    task = make_task(partial(NeuralTangentKernel, period=1), Quadratic([1.0]), [start], law=Quadratic([0.0]))
    found = []
    for place in (start, 0.0, 0.0, 0.3, 0.2):
        task.network.w.data.fill_(place)
        found.append(float(task.objective({"x": torch.zeros(1).double()}).gammas["law"]))
    assert found == pytest.approx([2.0] * 5)


def test_a_kernel_begins_with_its_first_draw(toy_terms):
    make_task, _, Quadratic = toy_terms
    law = Quadratic([0.0], scale=1e-16)
    task = make_task(partial(NeuralTangentKernel, period=1), Quadratic([1.0]), [0.3], law=law)
    assert float(task.objective({"x": torch.zeros(1).double()}).gammas["law"]) == 0
    law.scale = 1.0  # now it is broken
    assert float(task.objective({"x": torch.zeros(1).double()}).gammas["law"]) == pytest.approx(2.0)


def test_a_law_that_does_not_act_yet_lags_behind_its_own_start():
    weighting = GradNorm(["law"], memory=0.0)
    weights = {"law": 1.0}
    weighting(torch.tensor([1.0, 0.25]), weights, lambda _: torch.tensor([[1.0], [0.0]]))
    assert weighting.first.tolist() == [1.0, 0.25]
    found = weighting(torch.tensor([0.5, 1e-15]), weights, lambda _: torch.tensor([[0.0], [1.0]]))
    assert [float(each) for each in found.values()] == [1.0, 0.0]  # nothing acts: it stays as it was


def test_the_sign_of_a_term_does_not_matter():
    terms = torch.tensor([-3.0, -0.5, -2e-15, 0.5])
    assert beyond_rounding(terms, {"a": 1.0, "b": 1.0, "c": -1.0}).tolist() == [True, True, False, True]
