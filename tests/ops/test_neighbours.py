from functools import partial

import pytest
import torch

from physml.ops.neighbours import nearest_neighbours, radius_neighbours


def brute_force(points, offsets, k):
    """Return the sorted distances to the k nearest other points of the same event, infinite where there are fewer."""
    distances = torch.full((len(points), k), torch.inf, dtype=points.dtype)
    for a, b in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
        for i in range(a, b):
            others = [j for j in range(a, b) if j != i]
            found = sorted(float((points[i] - points[j]).norm()) for j in others)[:k]
            distances[i, : len(found)] = torch.tensor(found, dtype=points.dtype)
    return distances


def found_distances(points, index, exists):
    distances = (points[index] - points[:, None]).norm(dim=-1)
    return distances.masked_fill(~exists, torch.inf)


def ragged(counts, space, seed=0):
    offsets = torch.tensor([0, *counts]).cumsum(0)
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(int(offsets[-1]), space, dtype=torch.float64, generator=generator), offsets


COUNTS = [0, 5, 1, 30, 3, 0, 12, 2]


@pytest.mark.parametrize("k", [1, 4, 50])
def test_agrees_with_brute_force(k):
    points, offsets = ragged(COUNTS, 3)
    index, exists = nearest_neighbours(points, offsets, k)
    torch.testing.assert_close(found_distances(points, index, exists), brute_force(points, offsets, k))


def test_the_comparison_notices_a_neighbour_of_another_event():
    points, offsets = ragged(COUNTS, 3)
    index, exists = nearest_neighbours(points, torch.tensor([0, len(points)]), 4)
    with pytest.raises(AssertionError):
        torch.testing.assert_close(found_distances(points, index, exists), brute_force(points, offsets, 4))


def test_missing_neighbours_point_to_the_point_itself():
    points, offsets = ragged(COUNTS, 2)
    index, exists = nearest_neighbours(points, offsets, 6)
    own = torch.arange(len(points))[:, None].expand_as(index)
    assert (index[~exists] == own[~exists]).all()
    assert (index[exists] != own[exists]).all()
    counts = offsets.diff()
    assert exists.sum(1).tolist() == [min(6, int(n) - 1) for n in counts for _ in range(n)]


def test_far_from_the_origin_float32_is_still_exact():
    # Distances from |a|² + |b|² − 2ab would lose all digits here.
    points = torch.tensor([[1e4], [1e4 + 0.01], [1e4 + 0.03], [1e4 + 0.07]])
    index, _ = nearest_neighbours(points, torch.tensor([0, 4]), 1)
    assert index.flatten().tolist() == [1, 0, 1, 2]


def test_coinciding_points_are_each_others_neighbours():
    index, exists = nearest_neighbours(torch.zeros(3, 2), torch.tensor([0, 3]), 2)
    assert exists.all()
    assert [set(row) for row in index.tolist()] == [{1, 2}, {0, 2}, {0, 1}]


def test_no_points_at_all():
    index, exists = nearest_neighbours(torch.zeros(0, 2), torch.tensor([0, 0]), 2)
    assert index.shape == exists.shape == (0, 2)


@pytest.mark.parametrize(("k", "points", "message"), [(0, 3, "at least 1"), (2, 4, r"expected 3 points")])
def test_wrong_arguments_are_refused(k, points, message):
    with pytest.raises(ValueError, match=message):
        nearest_neighbours(torch.zeros(points, 2), torch.tensor([0, 3]), k)


@pytest.mark.parametrize("offsets", [[2, 5], [0, 4, 3, 5]])
def test_offsets_that_do_not_rise_from_zero_are_refused(offsets):
    for search in (partial(nearest_neighbours, k=2), partial(radius_neighbours, radius=1.0)):
        with pytest.raises(ValueError, match="expected offsets that rise from 0"):
            search(torch.zeros(5, 2), torch.tensor(offsets))
