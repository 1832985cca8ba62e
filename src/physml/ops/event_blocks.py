"""Cutting ragged events into blocks of about equal work, so that all pairs of an event need not be held at once."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class EventBlock:
    """Some rows of some events of similar size, each padded to the largest.

    Args:
        starts: Index of the first point of each event.
        counts: Points of each event, at least two.
        rows: The points of each event, counted from its first, that are compared with all points of the event. Rows
            beyond an event's points are padding.
    """

    starts: Tensor
    counts: Tensor
    rows: Tensor

    @property
    def width(self) -> int:
        """Number of points of the largest event."""
        return int(self.counts[-1])


def event_blocks(starts: Tensor, counts: Tensor, budget: int) -> Iterator[EventBlock]:
    """Yield blocks of at most `budget` pairs of points, or of one row, that cover all events of two points or more.

    Args:
        starts: Index of the first point of each event, int64, on the CPU.
        counts: Points of each event, likewise.
        budget: Pairs of a block.

    Example:
        >>> blocks = event_blocks(torch.tensor([0, 2, 3]), torch.tensor([2, 1, 2]), 100)
        >>> [(block.starts.tolist(), block.rows.tolist()) for block in blocks]
        [([0, 3], [0, 1])]
    """
    counts, order = counts.sort(stable=True)  # events of similar size share a block: little padding
    starts = starts[order]
    sizes = counts.tolist()
    first = next((e for e, size in enumerate(sizes) if size > 1), len(sizes))
    while first < len(sizes):
        last = first + 1
        while last < len(sizes) and (last + 1 - first) * sizes[last] ** 2 <= budget:
            last += 1
        width = sizes[last - 1]
        for rows in torch.arange(width).split(max(1, budget // ((last - first) * width))):
            yield EventBlock(starts[first:last], counts[first:last], rows)
        first = last
