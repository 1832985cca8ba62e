"""Each search for the k nearest neighbours against the definition, with ties in the order of the points."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from physml.ops.nearest_blocked import nearest_blocked
from physml.ops.nearest_dense import nearest_dense
from physml.ops.nearest_filtered import nearest_filtered
from physml.ops.nearest_tree import nearest_tree
from physml.ops.neighbours import nearest_neighbours


def brute_force(points, offsets, k, self_loops=False):
    """Return the neighbours as lists, from squared distances in double precision, point by point."""
    points, lists = points.double(), []
    for a, b in pairwise(offsets.tolist()):
        for i in range(a, b):
            distance = {j: float((points[i] - points[j]).square().sum()) for j in range(a, b) if j != i}
            near = sorted(distance, key=lambda j: (distance[j], j))
            lists.append(([i] * self_loops + near)[:k])
    return lists


def as_lists(index, exists):
    return [row[mask].tolist() for row, mask in zip(index, exists, strict=True)]


def dense(points, offsets, k, budget):
    return _filled(nearest_dense, points, offsets, k, budget)


def blocked(points, offsets, k, budget):
    return _filled(nearest_blocked, points, offsets, k, budget)


def tree(points, offsets, k, budget):
    lists = []
    for a, b in pairwise(offsets.tolist()):
        # A tree wants at least k + 2 points.
        lists += (
            (nearest_tree(points[a:b].double(), k, budget) + a).tolist()
            if b - a >= k + 2
            else brute_force(points, torch.tensor([a, b]), k)
        )
    return lists


def _filled(search, points, offsets, k, budget):
    index = torch.full((len(points), k), -1)
    search(points.double(), offsets[:-1], offsets.diff(), k, index, budget)
    return [[j for j in row if j >= 0] for row in index.tolist()]


@st.composite
def events(draw):
    """Ragged events on a lattice, with duplicates and ties, near the origin, far from it, or huge."""
    counts = draw(st.lists(st.integers(0, 12), min_size=1, max_size=4))
    space, total = draw(st.integers(1, 4)), sum(counts)
    lattice = draw(st.lists(st.integers(-3, 3), min_size=total * space, max_size=total * space))
    scale, origin = draw(st.sampled_from([(1.0, 0.0), (1.0, 2.0**20), (2.0**100, 0.0), (2.0**-100, 0.0)]))
    points = torch.tensor(lattice, dtype=torch.float32).reshape(total, space) * scale + origin
    return points, torch.tensor([0, *counts]).cumsum(0)


@settings(max_examples=150, deadline=None)
@given(events(), st.integers(1, 14), st.booleans())
def test_neighbours_are_those_of_the_definition(event, k, self_loops):
    found = as_lists(*nearest_neighbours(*event, k, self_loops))
    assert found == brute_force(*event, k, self_loops)


@pytest.mark.parametrize("search", [dense, blocked, tree])
@settings(max_examples=100, deadline=None)
@given(events(), st.integers(1, 14), st.sampled_from([1, 30, 2**17]))
def test_each_search_finds_them(search, event, k, budget):
    assert search(*event, k, budget) == brute_force(*event, k)


@pytest.mark.parametrize("search", [dense, blocked, tree])
def test_random_points_without_ties(search):
    points = torch.randn(300, 3, generator=torch.Generator().manual_seed(0))
    offsets = torch.tensor([0, 170, 300])
    assert search(points, offsets, 9, 4000) == brute_force(points, offsets, 9)


@st.composite
def larger_events(draw):
    """Events large enough for the search in single precision: without ties, on a lattice, with what it cannot hold."""
    counts = draw(st.lists(st.integers(25, 60), min_size=1, max_size=3))
    space, seed = draw(st.integers(1, 12)), draw(st.integers(0, 2**20))
    generator = torch.Generator().manual_seed(seed)
    points = torch.randn(sum(counts), space, dtype=torch.float64, generator=generator)
    # Some of these blur neighbours in single precision, some overflow or underflow there.
    blurred = [(0, 2.0**40), (-10, 1.0), (-8, 2.0**14), (-24, 1.0)]
    power, origin = draw(st.sampled_from([(0, 0.0), (0, 2.0**14), *blurred, (100, 0.0), (400, 0.0), (-90, 0.0)]))
    if draw(st.booleans()):
        points = points.round()
    if draw(st.booleans()):
        points[:: draw(st.integers(2, 9))] = points[0]
    return points * 2.0**power + origin, torch.tensor([0, *counts]).cumsum(0)


@settings(max_examples=150, deadline=None)
@given(larger_events(), st.integers(1, 16), st.sampled_from([200, 2**17]))
def test_single_precision_changes_no_neighbour(event, k, budget):
    assert dense(*event, k, budget) == brute_force(*event, k)


@pytest.mark.parametrize("space", [3, 36])
def test_single_precision_proves_all_rows_of_ordinary_points_and_none_of_coinciding_ones(space):
    points = torch.randn(space, 200, generator=torch.Generator().manual_seed(0), dtype=torch.float32).double().numpy()
    for axes, expected in ((points, True), (0 * points, False)):
        buffers = np.empty((2, 200 * 200), dtype=np.float32)
        _, proved = nearest_filtered(axes[None], np.arange(200), np.array([200]), 16, buffers)
        assert (proved == expected).all()


@pytest.mark.parametrize("space", [3, 12])
@pytest.mark.parametrize("scale", [5e18, 1e19, 2e19, 5e19])
def test_points_of_which_only_some_overflow_in_single_precision(scale, space):
    points = scale * torch.randn(200, space, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    offsets = torch.tensor([0, 200])
    assert dense(points, offsets, 3, 2**17) == brute_force(points, offsets, 3)


def test_small_clusters_far_from_their_centre():
    # In single precision |a|² + |b|² − 2ab is mostly rounding here, and its order is not that of the distances.
    points = 2e-4 * torch.randn(160, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    points[::2] += 1.0
    offsets = torch.tensor([0, 160])
    assert dense(points, offsets, 9, 2**17) == brute_force(points, offsets, 9)


def test_a_large_event_among_small_ones():
    # Large enough for the tree, on a line where the neighbours are known.
    points = torch.cat([torch.zeros(3), torch.arange(2500.0), torch.ones(2)])[:, None]
    index, exists = nearest_neighbours(points, torch.tensor([0, 3, 2503, 2505]), 2)
    assert index[:3].tolist() == [[1, 2], [0, 2], [0, 1]]
    assert torch.equal(index[4:2502], torch.arange(4, 2502)[:, None] + torch.tensor([-1, 1]))
    assert index[[3, 2502]].tolist() == [[4, 5], [2501, 2500]]
    assert as_lists(index, exists)[2503:] == [[2504], [2503]]


def test_threads_share_the_work_and_change_nothing():
    points, offsets = torch.randn(5000, 2, dtype=torch.float64), torch.tensor([0, 1500, 1510, 3200, 5000])
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        several = dense(points, offsets, 6, 2**17)
    finally:
        torch.set_num_threads(before)
    assert several == dense(points, offsets, 6, 2**17)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 1e200])
def test_coordinates_must_be_finite(bad):
    with pytest.raises(ValueError, match="expected finite coordinates"):
        nearest_neighbours(torch.tensor([[0.0], [bad]], dtype=torch.float64), torch.tensor([0, 2]), 1)


def test_offsets_must_be_where_the_points_are():
    with pytest.raises(ValueError, match="expected offsets on cpu, as the points, got meta: move them there"):
        nearest_neighbours(torch.zeros(3, 2), torch.tensor([0, 3], device="meta"), 1)


def test_a_compiled_graph_holds_the_search_as_one_operator():
    points, offsets = torch.randn(20, 2), torch.tensor([0, 8, 20])
    compiled = torch.compile(lambda p: nearest_neighbours(p, offsets, 3), backend="eager", fullgraph=True)
    assert torch.equal(compiled(points)[0], nearest_neighbours(points, offsets, 3)[0])
