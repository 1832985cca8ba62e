from functools import partial

import pytest
import torch

from physml.constraints.augmented_lagrangian import AugmentedLagrangian
from physml.constraints.fixed import FixedWeighting


def test_the_constraint_is_met_where_a_fixed_weight_leaves_a_bias_of_known_size(toy_terms):
    make_task, descend, Quadratic = toy_terms
    gamma = 4.0

    def solve(weighting, steps):
        task = make_task(weighting, Quadratic([1.0]), [0.7], law=Quadratic([0.0], weight=gamma))
        descend(task, steps, lr=0.01)
        return task

    assert solve(FixedWeighting(), 300).network.w.item() == pytest.approx(1 / (1 + gamma))  # of (w − 1)² + γ w²
    task = solve(partial(AugmentedLagrangian, period=40, resolution=0.05), 800)
    assert abs(task.network.w.item()) < 0.15 / (1 + gamma)
    before = task.network.w.item()
    descend(task, 800, lr=0.01)
    assert abs(task.network.w.item()) < 0.9 * abs(before)


def test_multipliers_converge_by_the_factor_of_the_method():
    # For (w − 1)² + λ v + v², v = 2 w: the minimum is w = (1 − λ) / 5, so the distance from λ = 1 shrinks by 1/5.
    weighting, distance = AugmentedLagrangian(["law"], period=1, resolution=1e-9).double(), [1.0]
    for _ in range(4):
        w = (1 - weighting.multipliers.item()) / 5
        weighting(torch.tensor([(w - 1) ** 2, 4 * w**2], dtype=torch.float64), {"law": 4.0})
        distance.append(1 - weighting.multipliers.item())
    assert distance == pytest.approx([5.0**-n for n in range(5)], rel=1e-5)


def test_gradients_are_those_of_the_lagrangian():
    weights, tolerance = {"law": 3.0}, 0.25
    weighting = AugmentedLagrangian(["law"], {"law": tolerance}).double().eval()
    weighting.multipliers.fill_(0.8)
    omega = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    gamma = weighting(torch.stack([omega, 3 * omega]).detach(), weights)
    c = (3 * omega + 1e-4).sqrt() - (3 * tolerance**2 + 1e-4) ** 0.5
    lagrangian = ((0.8 + 2 * c).clamp(min=0) ** 2 - 0.8**2) / 4
    (expected,) = torch.autograd.grad(lagrangian, omega)
    assert gamma["law"].item() == pytest.approx(expected.item())
    assert gamma["loss"] == 1


def test_it_begins_with_the_weights_as_given():
    found = AugmentedLagrangian(["a", "b"])(torch.tensor([1.0, 0.6, 4.0]), {"a": 0.2, "b": 5.0})
    assert found["a"].item() == pytest.approx(0.2, rel=0.02)
    assert found["b"].item() == pytest.approx(5.0, rel=0.01)


def test_an_inequality_is_met_at_its_bound_if_the_loss_pulls_beyond_it(toy_terms):
    make_task, descend, Quadratic = toy_terms
    make = partial(AugmentedLagrangian, tolerances={"law": 0.3}, period=20)
    task = make_task(make, Quadratic([1.0]), [0.9], law=Quadratic([0.0]))
    descend(task, 1500)
    assert task.network.w.item() == pytest.approx(0.3, abs=0.003)
    assert task.weighting.multipliers.item() == pytest.approx(2 * 0.7, rel=0.02)  # 2 (1 − τ), by Kuhn and Tucker


def test_an_inequality_that_the_loss_meets_itself_costs_nothing(toy_terms):
    make_task, descend, Quadratic = toy_terms
    make = partial(AugmentedLagrangian, tolerances={"law": 0.5}, period=5)
    task = make_task(make, Quadratic([0.2]), [3.0], law=Quadratic([0.0]))
    seen = descend(task, 300)
    assert seen[0].gammas["law"] > 0  # it was violated at first
    assert task.weighting.multipliers.item() == 0
    assert seen[-1].gammas["law"] == 0
    assert task.network.w.item() == pytest.approx(0.2)


def test_multipliers_never_fall_below_zero():
    weighting = AugmentedLagrangian(["law"], {"law": 2.0}, period=1)
    for size in (9.0, 0.0, 0.0, 0.0):
        weighting(torch.tensor([1.0, size]), {"law": 1.0})
        assert weighting.multipliers >= 0
    assert weighting.multipliers == 0


def test_a_constraint_that_is_off_stays_off():
    weighting = AugmentedLagrangian(["law"], period=1)
    for _ in range(3):
        assert weighting(torch.tensor([1.0, 0.0]), {"law": 0.0})["law"] == 0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"tolerances": {"energy": 0.1}}, "expected tolerances of law, got one of energy"),
        ({"tolerances": {"law": -0.1}}, "expected tolerances from 0 on"),
        ({"period": 0}, "a period from 1 on"),
        ({"resolution": 0.0}, "a resolution above 0"),
    ],
)
def test_refusals(wrong, message):
    with pytest.raises(ValueError, match=message):
        AugmentedLagrangian(["law"], **wrong)
