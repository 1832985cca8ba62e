from functools import partial

import pytest
import torch

from physml.constraints.relobralo import Relobralo


def feed(weighting, *rows, weights=None):
    weights = weights or {f"k{i}": 1.0 for i in range(len(rows[0]) - 1)}
    for row in rows:
        found = weighting(torch.tensor(row), weights)
    return torch.stack(list(found.values()))


def test_the_formula_written_out(monkeypatch):
    kept = iter([True, False])
    monkeypatch.setattr(torch, "rand", lambda *_, generator: torch.tensor(0.0 if next(kept) else 1.0))
    rows = torch.tensor([[1.0, 2.0, 4.0], [0.9, 1.0, 4.0], [0.8, 0.9, 3.0]])
    found = feed(Relobralo(["a", "b"], temperature=0.5, memory=0.7, lookback=0.5), *rows.tolist())

    def balanced(now, then):
        return 3 * torch.softmax(rows[now] / rows[then] / 0.5, 0)

    one = 0.7 * torch.ones(3) + 0.3 * balanced(1, 0)  # ρ = 1: the weights of the step before
    two = 0.7 * balanced(2, 0) + 0.3 * balanced(2, 1)  # ρ = 0: those against the first step
    assert not torch.allclose(one, torch.ones(3))
    torch.testing.assert_close(found, two)


def test_weights_sum_to_the_number_of_terms_and_shift_to_the_slower_one(toy_terms):
    make_task, descend, Quadratic = toy_terms
    task = make_task(
        partial(Relobralo, memory=0.9),
        Quadratic([0.0, 1.0], axes=[1, 0]),
        [1.0, 0.0],
        slow=Quadratic([0.0, 1.0], axes=[0, 0.3]),
    )
    seen = descend(task, 60)
    for objective in seen:
        assert sum(objective.gammas.values()).item() == pytest.approx(2)
    assert seen[-1].loss / seen[0].loss < seen[-1].penalties["slow"] / seen[0].penalties["slow"]
    assert seen[0].gammas["slow"] == 1
    assert seen[-1].gammas["slow"] > 1.1


def test_units_do_not_matter():
    rows = torch.rand(6, 3) + 0.5
    scaled = rows * torch.tensor([1.0, 1e3, 1e-6])
    one, other = (feed(Relobralo(["a", "b"], memory=0.5), *each.tolist()) for each in (rows, scaled))
    torch.testing.assert_close(one, other)
    assert one.max() > 1.05


def test_it_looks_back_as_often_as_told():
    weighting, found = Relobralo(["a"], memory=1.0, lookback=0.9), 0
    for step in range(1000):
        before = weighting.factors.clone()
        feed(weighting, [1.0, 1.0 + 1e-3 * step])
        found += not torch.equal(weighting.factors, before)
    assert found == pytest.approx(100, abs=30)


def test_draws_are_those_of_the_step():
    rows = torch.rand(50, 2).add(0.5).tolist()
    one, other = (Relobralo(["a"], memory=0.9, lookback=0.5) for _ in range(2))
    torch.manual_seed(1)
    first = feed(one, *rows)
    torch.manual_seed(2)
    assert torch.equal(first, feed(other, *rows))


def test_a_constraint_that_is_off_stays_off():
    assert feed(Relobralo(["a"]), [1.0, 0.0], [0.5, 0.0], weights={"a": 0.0})[1] == 0


@pytest.mark.parametrize("wrong", [{"temperature": 0.0}, {"memory": 1.1}, {"lookback": -0.1}])
def test_refusals(wrong):
    with pytest.raises(ValueError, match="expected temperature > 0, memory and lookback from 0 to 1"):
        Relobralo(["a"], **wrong)
