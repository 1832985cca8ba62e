"""Both searches within a radius, against the definition."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from physml.ops.neighbours import radius_neighbours
from physml.ops.radius_search import pairs_by_blocks, pairs_by_tree


def brute_force(points, offsets, radius, self_loops=False):
    """Return all pairs (j, i) of one event within the radius, sorted by i, then by j."""
    pairs = []
    for a, b in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
        for i in range(a, b):
            for j in range(a, b):
                near = (points[i].double() - points[j].double()).square().sum() <= radius**2
                pairs += [(j, i)] if near and (i != j or self_loops) else []
    return torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2).mT


def in_order(edges):
    return torch.tensor(sorted(edges.mT.tolist(), key=lambda edge: edge[::-1]), dtype=torch.int64).reshape(-1, 2).mT


@st.composite
def events(draw):
    """Ragged events on a lattice, where duplicates and pairs at exactly the radius are common."""
    counts = draw(st.lists(st.integers(0, 9), min_size=1, max_size=4))
    space = draw(st.integers(1, 4))
    total = sum(counts)
    lattice = draw(st.lists(st.integers(-3, 3), min_size=total * space, max_size=total * space))
    origin = draw(st.sampled_from([0.0, 2.0**20]))  # both leave the lattice exact in float32
    points = torch.tensor(lattice, dtype=torch.float32).reshape(total, space) + origin
    return points, torch.tensor([0, *counts]).cumsum(0)


@settings(max_examples=200, deadline=None)
@given(events(), st.sampled_from([1.0, 2.0, 2.5]), st.booleans())
def test_all_pairs_are_found_and_sorted_by_receiver(event, radius, self_loops):
    points, offsets = event
    expected = brute_force(points, offsets, radius, self_loops)
    assert torch.equal(radius_neighbours(points, offsets, radius, self_loops), expected)


@settings(max_examples=100, deadline=None)
@given(events(), st.sampled_from([1.0, 2.0, 2.5]), st.sampled_from([1, 20, 2**20]))
def test_blocks_find_what_the_tree_finds(event, radius, budget):
    points, offsets = event
    expected = brute_force(points, offsets, radius)
    assert torch.equal(in_order(pairs_by_blocks(points.double(), offsets, radius, budget)), expected)
    assert torch.equal(in_order(pairs_by_tree(points.double(), offsets, radius)), expected)


@pytest.mark.parametrize("radius", [1e-100, 1e-46, 1e39, 1e149])
def test_no_radius_joins_events(radius):
    points, offsets = torch.zeros(4, 2, dtype=torch.float64), torch.tensor([0, 1, 2, 4])
    assert radius_neighbours(points, offsets, radius).tolist() == [[3, 2], [2, 3]]


@pytest.mark.parametrize("radius", [0.0, -1.0, 1e-160, 1e160, torch.inf, torch.nan])
def test_a_radius_whose_square_is_no_number_is_refused(radius):
    with pytest.raises(ValueError, match=r"expected a radius between 1e-150 and 1e150, got"):
        radius_neighbours(torch.zeros(2, 2), torch.tensor([0, 2]), radius)


def test_the_comparison_notices_a_pair_of_two_events():
    points = torch.zeros(3, 2)
    merged = radius_neighbours(points, torch.tensor([0, 3]), 1.0)
    assert not torch.equal(merged, brute_force(points, torch.tensor([0, 2, 3]), 1.0))


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_coordinates_must_be_finite(bad):
    with pytest.raises(ValueError, match="expected finite coordinates"):
        radius_neighbours(torch.tensor([[0.0], [bad]]), torch.tensor([0, 2]), 1.0)


def test_foreign_offsets_are_refused():
    with pytest.raises(ValueError, match="expected 3 points"):
        radius_neighbours(torch.zeros(4, 2), torch.tensor([0, 3]), 1.0)
