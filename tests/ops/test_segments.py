from itertools import pairwise

import pytest
import torch

from physml.ops.segments import segment_index, segment_max, segment_mean, segment_sum

OFFSETS = torch.tensor([0, 2, 2, 5])


def loop_sum(values, offsets):
    return torch.stack([values[a:b].sum(0) for a, b in pairwise(offsets)])


@pytest.mark.parametrize("shape", [(5,), (5, 3), (5, 2, 3)])
def test_sum_and_mean_match_a_loop(shape):
    values = torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    sums = loop_sum(values, OFFSETS)
    torch.testing.assert_close(segment_sum(values, OFFSETS), sums)
    counts = torch.tensor([2.0, 1.0, 3.0], dtype=torch.float64).reshape(-1, *[1] * (len(shape) - 1))
    torch.testing.assert_close(segment_mean(values, OFFSETS), sums / counts)


def test_maximum_matches_a_loop_with_gradients():
    values = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
    largest = torch.stack([values[a:b].amax(0) if a < b else torch.zeros_like(values[0]) for a, b in pairwise(OFFSETS)])
    torch.testing.assert_close(segment_max(values, OFFSETS), largest)
    assert torch.autograd.gradcheck(lambda v: segment_max(v, OFFSETS), values)


@pytest.mark.parametrize(("values", "gradient"), [([0.0, -1.0], [1.0, 0.0]), ([0.0, 0.0], [0.5, 0.5])])
def test_only_the_points_share_the_gradient_of_a_maximum_of_zero(values, gradient):
    values = torch.tensor(values, requires_grad=True)
    segment_max(values[:, None], torch.tensor([0, 2])).sum().backward()
    assert values.grad.tolist() == gradient


@pytest.mark.parametrize("precision", [torch.float16, torch.bfloat16])
def test_a_mean_of_many_numbers_in_half_precision(precision):
    values = torch.full((2102, 1), 40.0, dtype=precision)
    assert segment_mean(values, torch.tensor([0, 2102])).tolist() == [[40.0]]


def test_an_empty_event_gives_zero_and_owns_no_point():
    assert segment_mean(torch.ones(5), OFFSETS).tolist() == [1, 0, 1]
    assert segment_index(OFFSETS).tolist() == [0, 0, 2, 2, 2]


def test_gradients():
    values = torch.randn(5, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda v: segment_mean(v, OFFSETS), values)


def test_foreign_offsets_are_refused():
    with pytest.raises(ValueError, match="expected values of 5 points"):
        segment_sum(torch.ones(4), OFFSETS)
    with pytest.raises(ValueError, match="expected values of 5 points"):
        segment_max(torch.ones(4, 2), OFFSETS)
