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
    for pair, (i, j) in enumerate(((0, 1), (0, 2), (1, 2))):
        expected = [
            (q[:, i] - q[:, j]).square().sum(-1).log() / 2,
            (p[:, i] + p[:, j]).square().sum(-1),
            (p[:, i] - p[:, j]).square().sum(-1),
        ]
        torch.testing.assert_close(pair_invariants(x)[:, pair], torch.stack(expected, dim=-1))


def test_the_kinetic_energy_is_a_sum_over_pairs():
    x = states()
    found = pair_invariants(x)[..., 1:].sum((-1, -2)) / 8  # each body is in two pairs
    torch.testing.assert_close(found, x[:, 6:].square().sum(-1) / 2)


@pytest.mark.parametrize("bodies", [2, 3])
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
    assert (pair_invariants(moved) - pair_invariants(x))[:, :2, 0].abs().min() > 1e-5
    torch.testing.assert_close(pair_invariants(moved)[:, 2], pair_invariants(x)[:, 2])


def test_an_exchange_of_bodies_exchanges_the_pairs():
    x = states()
    order = [2, 3, 0, 1, 4, 5, 8, 9, 6, 7, 10, 11]  # the first two bodies
    torch.testing.assert_close(pair_invariants(x[:, order]), pair_invariants(x)[:, [0, 2, 1]])


def test_states_that_are_not_of_bodies_are_refused():
    for features in (6, 4):
        with pytest.raises(ValueError, match=f"4 features a body, got {features}"):
            pair_invariants(torch.zeros(2, features))
