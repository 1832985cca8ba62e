"""Two ways to find all pairs of points within a radius: a k-d tree, and blocks of all distances."""

from itertools import pairwise

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor


def pairs_by_tree(points: Tensor, offsets: Tensor, radius: float) -> Tensor:
    """Walk one k-d tree over all events: N log N steps for a bounded number of neighbours, on a CPU.

    Args:
        points: Finite coordinates in double precision.
        offsets: Event e owns the points ``offsets[e]:offsets[e + 1]``.
        radius: Largest distance, itself included.

    Shapes:
        points (points, space), offsets (events + 1,) → (2, edges) int64, each pair in both directions, in any order
    """
    event = torch.repeat_interleave(torch.arange(len(offsets) - 1), offsets.diff())
    # Along one more axis the events are so far apart that no pair joins two of them; within an event this axis adds
    # exactly nothing to a distance.
    apart = torch.cat([points, 2 * radius * event[:, None].double()], dim=1)
    tree = cKDTree(apart.numpy(), balanced_tree=False)
    pairs = torch.from_numpy(tree.query_pairs(radius, output_type="ndarray").astype(np.int64)).mT
    return torch.cat([pairs, pairs.flip(0)], dim=1)


def pairs_by_blocks(points: Tensor, offsets: Tensor, radius: float, budget: int = 2**24) -> Tensor:
    """Compare all pairs of each event, a block of rows at a time, on any device.

    Args:
        points: As `pairs_by_tree`.
        offsets: As `pairs_by_tree`.
        radius: As `pairs_by_tree`.
        budget: Numbers held at once, which bounds the memory.

    Shapes:
        points (points, space), offsets (events + 1,) → (2, edges) int64, each pair in both directions, in any order
    """
    found = [offsets.new_empty(2, 0)]
    for start, stop in pairwise(offsets.tolist()):
        rows = max(1, budget // max(1, (stop - start) * points.shape[1]))
        for first in range(start, stop, rows):
            block = points[first : min(first + rows, stop)]
            squared = (block[:, None] - points[start:stop]).square().sum(-1)
            receivers, senders = (squared <= radius**2).nonzero(as_tuple=True)
            edges = torch.stack([senders + start, receivers + first])
            found.append(edges[:, edges[0] != edges[1]])
    return torch.cat(found, dim=1)
