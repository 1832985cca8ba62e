from functools import partial

import pytest
import torch

from physml.constraints.conflict_free import ConflictFree
from physml.constraints.factors import gammas
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


def test_a_kernel_is_remembered_while_its_law_holds(toy_terms):
    make_task, _, Quadratic = toy_terms
    task = make_task(partial(NeuralTangentKernel, period=1), Quadratic([1.0]), [0.3], law=Quadratic([0.0]))
    gammas_of = [task.objective({"x": torch.zeros(1).double()}).gammas["law"]]
    task.network.w.data.zero_()
    gammas_of += [task.objective({"x": torch.zeros(1).double()}).gammas["law"] for _ in range(3)]
    assert [float(each) for each in gammas_of] == pytest.approx([2.0] * 4)
