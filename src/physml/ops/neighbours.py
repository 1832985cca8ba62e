"""Neighbours of each point among the points of its own ragged event: the k nearest, or all within a radius."""

from importlib.util import find_spec

import torch
from torch import Tensor

from physml.ops.nearest_blocked import nearest_blocked
from physml.ops.nearest_dense import nearest_dense
from physml.ops.nearest_tree import nearest_tree
from physml.ops.radius_search import pairs_by_blocks, pairs_by_tree

TRITON = find_spec("triton") is not None
MOST = 240  # neighbours for which the kernels were tried


def nearest_neighbours(points: Tensor, offsets: Tensor, k: int, self_loops: bool = False) -> tuple[Tensor, Tensor]:
    r"""Find the k nearest other points of each point within its event.

    .. math:: \mathcal{N}(i) = \operatorname*{arg\,min}_{j \in e(i),\, j \ne i}{}^{(k)}\ \lVert s_i - s_j \rVert

    The search is exact, in double precision whatever the type of the points, and points equally far, to about 1e-9 of
    their distance, are taken in their order. On a CPU, small events are searched through all distances and large ones
    through a k-d tree, in about N log N steps (in few dimensions); on a GPU by kernels that hold no distances, where
    Triton is installed (torch brings it on Linux), and else through blocks of distances. The choice of neighbours has
    no gradient. A compiled graph holds the search as one operator.

    Args:
        points: Coordinates :math:`s_i`, of any number of dimensions, finite.
        offsets: Event e owns the points ``offsets[e]:offsets[e + 1]``, int64.
        k: Number of neighbours.
        self_loops: Whether the point itself counts as the first of its k neighbours.

    Returns:
        The neighbours, nearest first, as indices into `points`, and whether each exists: an event of n points has only
        min(k, n − 1), or min(k, n) with self-loops, and a missing neighbour points to the point itself.

    Shapes:
        points (points, space), offsets (events + 1,) → (points, k) int64 and (points, k) bool

    Raises:
        ValueError: k is not positive, a coordinate is not finite or above 1e150, the offsets do not rise from 0 to
            the number of points, or they are on another device. Kernels look at the end of the offsets alone, and a
            recorded graph of them at no coordinates.

    Example:
        >>> points = torch.tensor([[0.0], [1.0], [3.0], [9.0]])
        >>> index, exists = nearest_neighbours(points, torch.tensor([0, 3, 4]), k=1)
        >>> index.flatten().tolist(), exists.flatten().tolist()
        ([1, 0, 1, 3], [True, True, True, False])
    """
    if k < 1:
        raise ValueError(f"the number of neighbours k must be at least 1, got {k}: raise k")
    if offsets.device != points.device:
        raise ValueError(f"expected offsets on {points.device}, as the points, got {offsets.device}: move them there")
    return _nearest(points.detach(), offsets, k, self_loops)


@torch.library.custom_op("physml::nearest_neighbours", mutates_args=())
def _nearest(points: Tensor, offsets: Tensor, k: int, self_loops: bool) -> tuple[Tensor, Tensor]:
    others, on_gpu = k - self_loops, points.device.type == "cuda"
    if on_gpu and TRITON and 0 < others <= MOST and 0 < points.numel() < 2**31:
        return _search_gpu(points, offsets, others, self_loops)
    _check(points, offsets)
    counts = offsets.diff()
    own = torch.arange(len(points), device=points.device)[:, None]
    index = own.repeat(1, others)
    if others and on_gpu:
        nearest_blocked(points.double(), offsets[:-1].cpu(), counts.cpu(), others, index)
    elif others:
        index = _search_cpu(points.cpu().double(), offsets.cpu(), others, index.cpu()).to(points.device)
    exists = torch.arange(k, device=points.device) < torch.repeat_interleave(counts, counts)[:, None] - 1 + self_loops
    return (torch.cat([own, index], dim=1) if self_loops else index), exists


@_nearest.register_fake
def _(points: Tensor, offsets: Tensor, k: int, self_loops: bool) -> tuple[Tensor, Tensor]:
    shape = (len(points), k)
    return points.new_empty(shape, dtype=torch.int64), points.new_empty(shape, dtype=torch.bool)


def _search_cpu(points: Tensor, offsets: Tensor, k: int, index: Tensor) -> Tensor:
    counts = offsets.diff()
    # Measured: from about 2000 points on a tree is faster, unless most of the points are neighbours.
    large = counts >= max(2000, 8 * k)
    for start, count in zip(offsets[:-1][large].tolist(), counts[large].tolist(), strict=True):
        index[start : start + count] = nearest_tree(points[start : start + count], k) + start
    nearest_dense(points, offsets[:-1][~large], counts[~large], k, index)
    return index


def _search_gpu(points: Tensor, offsets: Tensor, k: int, self_loops: bool) -> tuple[Tensor, Tensor]:
    from physml.ops.nearest_triton import nearest_triton

    with torch.cuda.device_of(points):
        index, exists, status = nearest_triton(points, offsets, k, self_loops)
        # What is recorded cannot be waited for, and does not look again when it is replayed.
        if not torch.cuda.is_current_stream_capturing() and status[0].item():
            _check(points, offsets)
    return index, exists


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
        ValueError: The radius is not between 1e-150 and 1e150, a coordinate is not finite or above 1e150, or the
            offsets do not rise from 0 to the number of points.

    Example:
        >>> points = torch.tensor([[0.0], [1.0], [3.0], [0.0]])
        >>> radius_neighbours(points, torch.tensor([0, 3, 4]), radius=1.0).tolist()
        [[1, 0], [0, 1]]
    """
    if not 1e-150 < radius < 1e150:  # its square would under- or overflow
        raise ValueError(f"expected a radius between 1e-150 and 1e150, got {radius:g}: give it in the points' unit")
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
    if int(offsets[0]) or (offsets.diff() < 0).any():
        falls = torch.cat([offsets[:1], offsets.diff().clamp(max=0)]).nonzero()[0].item()
        raise ValueError(
            f"expected offsets that rise from 0, got {int(offsets[falls])} as number {falls}: pass those of the events"
        )
    # NaN is not below anything; beyond 1e150 squared distances overflow.
    if len(points) and not float(points.abs().amax()) < 1e150:
        raise ValueError("expected finite coordinates below 1e150, got larger ones or NaN: look for what made them")
