import math

import pytest
import torch

from physml.ops.pair_invariants import pair_invariants


def states(bodies=3):
    return torch.randn(5, 4 * bodies, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def mapped(state, matrix, shift=0.0):
    q, p = state.unflatten(-1, (2, -1, 2)).unbind(-3)
    return torch.cat([(q @ matrix.T + shift).flatten(-2), (p @ matrix.T).flatten(-2)], dim=-1)


def test_it_is_what_the_formulas_say_pair_by_pair():
    x = states()
    q, p = x.unflatten(-1, (2, -1, 2)).unbind(-3)
    logs = [(q[:, i] - q[:, j]).square().sum(-1).log() / 2 for i, j in ((0, 1), (0, 2), (1, 2))]
    products = [(p[:, i] * p[:, j]).sum(-1) for i, j in ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))]
    torch.testing.assert_close(pair_invariants(x), torch.stack(logs + products, dim=-1))


@pytest.mark.parametrize("bodies", [1, 2, 3])
def test_shifts_turns_and_mirror_images_change_nothing(bodies):
    x, turn = states(bodies), torch.tensor([[math.cos(0.7), -math.sin(0.7)], [math.sin(0.7), math.cos(0.7)]]).double()
    mirror = turn @ torch.diag(torch.tensor([1.0, -1.0], dtype=torch.float64))
    expected = pair_invariants(x)
    for matrix in (turn, mirror):
        torch.testing.assert_close(pair_invariants(mapped(x, matrix, torch.tensor([0.3, -2.0]))), expected)


def test_a_change_of_scale_or_of_one_body_changes_it():
    x = states()
    assert (pair_invariants(mapped(x, 1.1 * torch.eye(2).double())) - pair_invariants(x)).abs().min() > 1e-3
    moved = x.clone()
    moved[:, 0] += 0.1
    assert (pair_invariants(moved) - pair_invariants(x))[:, :2].abs().max() > 1e-3


def test_states_that_are_not_of_bodies_are_refused():
    with pytest.raises(ValueError, match="4 features a body, got 6"):
        pair_invariants(torch.zeros(2, 6))
