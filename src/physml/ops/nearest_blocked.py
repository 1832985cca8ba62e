"""The k nearest neighbours from blocks of distances in torch alone, for any device with double precision."""

import torch
from torch import Tensor

from physml.ops.event_blocks import EventBlock, event_blocks


def nearest_blocked(points: Tensor, starts: Tensor, counts: Tensor, k: int, index: Tensor, budget: int = 2**24) -> None:
    """Write the nearest other points of each point into the first columns of its row of `index`.

    As `nearest_dense`, with the same result, on the device of the points; never more than `budget` distances are held.

    Args:
        points: Coordinates in double precision.
        starts: Index of the first point of each event to be searched, on the CPU.
        counts: Points of each of these events, on the CPU.
        k: Number of neighbours.
        index: As `nearest_dense`, on the device of the points.
        budget: Distances held at once.

    Shapes:
        points (points, space), starts and counts (events,), index (points, k)
    """
    for block in event_blocks(starts, counts, budget):
        _search_block(points, block, k, index)


def _search_block(points: Tensor, block: EventBlock, k: int, index: Tensor) -> None:
    starts, counts, rows = (part.to(points.device) for part in (block.starts, block.counts, block.rows))
    numbers = torch.arange(block.width, device=points.device)
    slots = starts[:, None] + torch.minimum(numbers, counts[:, None] - 1)
    axes = points[slots].unbind(-1)
    squared = torch.zeros((), dtype=torch.float64, device=points.device)
    for axis in axes:
        squared = squared + (axis[:, rows, None] - axis[:, None, :]).square()
    bits = (1 << block.width.bit_length()) - 1
    # The number replaces the lowest bits of the distance: integers in the order of the distances, without ties.
    keys = squared.view(torch.int64) & ~bits | numbers
    keys.masked_fill_(
        (numbers >= counts[:, None])[:, None, :] | (numbers == rows[:, None]), torch.iinfo(torch.int64).max
    )
    columns = min(k, block.width - 1)
    nearest = (keys.topk(columns, largest=False).values & bits) + starts[:, None, None]
    exists = torch.arange(columns, device=points.device) < counts[:, None] - 1
    real = rows < counts[:, None]
    receivers = (starts[:, None] + rows)[real]
    index[receivers, :columns] = nearest[real].where(
        exists[:, None].expand(-1, len(rows), -1)[real], index[receivers, :columns]
    )
