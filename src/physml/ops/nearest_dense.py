"""The k nearest neighbours from all distances: the fastest way on a CPU for small events."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from physml.ops.distance_keys import LAST, distance_keys, nearest_of_rows, select, squared_distances
from physml.ops.event_blocks import EventBlock, event_blocks
from physml.ops.nearest_filtered import filter_applies, nearest_filtered


def nearest_dense(points: Tensor, starts: Tensor, counts: Tensor, k: int, index: Tensor, budget: int = 2**17) -> None:
    r"""Write the nearest other points of each point into the first columns of its row of `index`.

    Distances are selected as integers (`physml.ops.distance_keys`), where it can be proved in single precision
    (`physml.ops.nearest_filtered`) and else in double. Ties go to the lower number.

    Args:
        points: Coordinates in double precision, on the CPU.
        starts: Index of the first point of each event to be searched, on the CPU.
        counts: Points of each of these events, on the CPU.
        k: Number of neighbours.
        index: Gets min(k, n − 1) neighbours of each point of an event of n points; the rest stays as it is.
        budget: Distances that a thread holds at once, such that they stay in its cache.

    Shapes:
        points (points, space), starts and counts (events,), index (points, k)
    """
    axes, found = np.ascontiguousarray(points.numpy().T), index.numpy()
    filtered = filter_applies(counts, k)
    blocks = list(event_blocks(starts[~filtered], counts[~filtered], budget))
    # The filter holds a part of its block's distances at a time: there is less to do in Python for a few large blocks.
    blocks += event_blocks(starts[filtered], counts[filtered], 8 * budget)
    # Threads wait for each other between numpy's operations, which only large ones make up for.
    share_of_thread = sum(block.pairs for block in blocks) // 2**21
    threads = max(1, min(len(blocks), torch.get_num_threads(), share_of_thread))

    def work(share: list[EventBlock]) -> None:
        # One pair of buffers for all blocks: the system takes longer to map fresh memory than the search takes.
        buffers = np.empty((2, max([budget, *(len(block.starts) * block.width for block in share)])))
        for block in share:
            _search_block(axes, block, k, found, buffers)

    if threads == 1:
        work(blocks)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, (blocks[first::threads] for first in range(threads))))


def _search_block(axes: np.ndarray, block: EventBlock, k: int, found: np.ndarray, buffers: np.ndarray) -> None:
    starts, counts, rows = block.starts.numpy(), block.counts.numpy(), block.rows.numpy()
    # Padding repeats an event's last point and is ruled out as a neighbour.
    slots = starts[:, None] + np.minimum(np.arange(block.width), counts[:, None] - 1)
    points = np.moveaxis(axes[:, slots], 0, 1)
    if filter_applies(counts[0], k):
        nearest, proved = nearest_filtered(points, rows, counts, k, buffers.view(np.float32)[:, : buffers.shape[1]])
        unproved = ~proved & (rows < counts[:, None])
        for event in np.flatnonzero(unproved.any(axis=1)):
            rest = np.flatnonzero(unproved[event])
            for some in np.array_split(rest, 1 + len(rest) * block.width // buffers.shape[1]):
                nearest[event, some] = nearest_of_rows(points[event, :, : counts[event]], rows[some], k)
    else:
        keys = distance_keys(squared_distances(points, rows, buffers), rows)
        for event, count in enumerate(counts):
            keys[event, :, count:] = LAST
        nearest = select(keys, min(k, block.width - 1))
    for event, (start, count) in enumerate(zip(starts, counts, strict=True)):
        here, columns = rows[rows < count], min(k, count - 1)
        first = start + rows[0]
        found[first : first + len(here), :columns] = nearest[event, : len(here), :columns] + start
