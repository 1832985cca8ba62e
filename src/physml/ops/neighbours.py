"""Neighbours of each point among the points of its own ragged event: the k nearest, or all within a radius."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from physml.ops.radius_search import pairs_by_blocks, pairs_by_tree


@torch.no_grad()
def nearest_neighbours(points: Tensor, offsets: Tensor, k: int, budget: int = 2**18) -> tuple[Tensor, Tensor]:
    r"""Find the k nearest other points of each point within its event.

    .. math:: \mathcal{N}(i) = \operatorname*{arg\,min}_{j \in e(i),\, j \ne i}{}^{(k)}\ \lVert s_i - s_j \rVert

    The search is exact: events are padded to the largest of a chunk, all distances are computed from coordinate
    differences (no cancellation), and the k smallest are kept. The choice of neighbours has no gradient.

    Args:
        points: Coordinates :math:`s_i`.
        offsets: Event e owns the points ``offsets[e]:offsets[e + 1]``, int64.
        k: Number of neighbours; the point itself is not counted.
        budget: Distances held at once, which bounds the memory: events are taken in chunks.

    Returns:
        The neighbours, nearest first, as indices into `points`, and whether each exists: an event of n points has only
        min(k, n − 1), and a missing neighbour points to the point itself.

    Shapes:
        points (points, space), offsets (events + 1,) → (points, k) int64 and (points, k) bool

    Raises:
        ValueError: k is not positive, a coordinate is not finite, or the offsets do not end at the number of points.

    Example:
        >>> points = torch.tensor([[0.0], [1.0], [3.0], [9.0]])
        >>> index, exists = nearest_neighbours(points, torch.tensor([0, 3, 4]), k=1)
        >>> index.flatten().tolist(), exists.flatten().tolist()
        ([1, 0, 1, 3], [True, True, True, False])
    """
    if k < 1:
        raise ValueError(f"the number of neighbours k must be at least 1, got {k}: raise k")
    _check(points, offsets)
    counts = offsets.diff()
    own = torch.arange(len(points), device=points.device)[:, None]
    index = own.repeat(1, k)
    # Events of similar size share a chunk, so that little is spent on padding.
    sizes, order = counts.sort()
    for start, stop in _chunks(sizes.tolist(), budget):
        events, width = order[start:stop], int(sizes[stop - 1])
        slot = torch.arange(width, device=points.device)
        filled = slot < counts[events, None]
        rows = (offsets[events, None] + slot).where(filled, 0)
        dense = points[rows]
        distance = torch.cdist(dense, dense, compute_mode="donot_use_mm_for_euclid_dist")
        distance.masked_fill_(~filled[:, None, :] | (slot[:, None] == slot), torch.inf)
        nearest = distance.topk(min(k, width), largest=False).indices + offsets[events, None, None]
        index[rows[filled], : nearest.shape[-1]] = nearest[filled]
    exists = torch.arange(k, device=points.device) < torch.repeat_interleave(counts, counts)[:, None] - 1
    return index.where(exists, own), exists


@torch.no_grad()
def radius_neighbours(points: Tensor, offsets: Tensor, radius: float, self_loops: bool = False) -> Tensor:
    r"""Find all pairs of points of one event that are at most R apart, in both directions.

    .. math:: \{(j, i):\ e(j) = e(i),\ \lVert s_j - s_i \rVert \le R\}

    The search is exact, in double precision whatever the type of the points: with a k-d tree on a CPU, with blocks of
    all distances elsewhere. The choice of pairs has no gradient.

    Units: `radius` in those of the points.

    Args:
        points: Coordinates :math:`s_i`, of any number of dimensions.
        offsets: Event e owns the points ``offsets[e]:offsets[e + 1]``, int64.
        radius: R.
        self_loops: Whether each point is its own neighbour, too.

    Returns:
        Edges: the first row holds the neighbours j, which send, the second the points i, which receive. They are
        sorted by i, then by j: the edges of one receiver lie side by side.

    Shapes:
        points (points, space), offsets (events + 1,) → (2, edges) int64

    Raises:
        ValueError: The radius is not positive and finite, a coordinate is not finite, or the offsets do not end at the
            number of points.

    Example:
        >>> points = torch.tensor([[0.0], [1.0], [3.0], [0.0]])
        >>> radius_neighbours(points, torch.tensor([0, 3, 4]), radius=1.0).tolist()
        [[1, 0], [0, 1]]
    """
    if not 0 < radius < math.inf:
        raise ValueError(f"expected a positive and finite radius, got {radius:g}: give it in the points' unit")
    _check(points, offsets)
    search = pairs_by_tree if points.device.type == "cpu" else pairs_by_blocks
    senders, receivers = search(points.double(), offsets, radius)
    if self_loops:
        own = torch.arange(len(points), device=points.device)
        senders, receivers = torch.cat([senders, own]), torch.cat([receivers, own])
    order = (receivers * len(points) + senders).sort().values
    return torch.stack([order % max(1, len(points)), order // max(1, len(points))])


def _check(points: Tensor, offsets: Tensor) -> None:
    if int(offsets[-1]) != len(points):
        raise ValueError(f"expected {int(offsets[-1])} points (offsets[-1]), got {len(points)}: pass their own offsets")
    if not bool(torch.isfinite(points).all()):
        raise ValueError("expected finite coordinates, got NaN or infinity: look for what made them")


def _chunks(sizes: list[int], budget: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of the events, sorted by size, whose padded distances number at most `budget` or that are single."""
    start = 0
    for stop, size in enumerate(sizes):
        if stop > start and (stop + 1 - start) * size**2 > budget:
            yield start, stop
            start = stop
    if start < len(sizes):
        yield start, len(sizes)
