from functools import partial

import pytest
import torch

from physml.constraints.softadapt import SoftAdapt


def feed(weighting, *rows):
    for row in rows:
        found = weighting(torch.tensor(row), {f"k{i}": 1.0 for i in range(len(row) - 1)})
    return torch.stack(list(found.values()))


def test_the_formula_written_out():
    found = feed(SoftAdapt(["a", "b"], sharpness=3.0, window=1), [5.0, 2.0, 1.0], [4.0, 2.5, 0.5])
    slopes = torch.tensor([-1.0, 0.5, -0.5]) / 2.0
    torch.testing.assert_close(found, 3 * torch.softmax(3.0 * slopes, 0))


def test_weights_change_by_the_means_of_windows():
    weighting = SoftAdapt(["a"], window=2)
    assert torch.equal(feed(weighting, [9.0, 1.0], [7.0, 1.0], [7.0, 1.0]), torch.ones(2))
    found = feed(weighting, [5.0, 1.0])  # means 8 and 6, of the constraint 1 and 1
    torch.testing.assert_close(found, 2 * torch.softmax(torch.tensor([-1.0, 0.0]), 0))
    assert torch.equal(feed(weighting, [0.0, 9.0]), found)


def test_weights_sum_to_the_number_of_terms_and_shift_to_the_slower_one(toy_terms):
    make_task, descend, Quadratic = toy_terms
    fast, slow = Quadratic([0.0, 1.0], axes=[1, 0]), Quadratic([0.0, 1.0], axes=[0, 0.3])
    seen = descend(make_task(partial(SoftAdapt, window=5), fast, [1.0, 0.0], slow=slow), 30)
    for objective in seen:
        assert sum(objective.gammas.values()).item() == pytest.approx(2)
    assert seen[0].gammas["slow"] == 1
    assert all(objective.gammas["slow"] > 1.1 for objective in seen[10:])
    swapped = descend(make_task(partial(SoftAdapt, window=5), slow, [1.0, 0.0], fast=fast), 30)
    assert all(objective.gammas["fast"] < 0.9 for objective in swapped[10:])


def test_without_change_all_weights_stay():
    assert torch.equal(feed(SoftAdapt(["a"], window=1), [1.0, 2.0], [1.0, 2.0]), torch.ones(2))


def test_a_window_without_steps_is_refused():
    with pytest.raises(ValueError, match="expected a window of at least one step, got 0"):
        SoftAdapt(["a"], window=0)
