"""The k nearest neighbours from all distances, selected as integers: the fastest way on a CPU for small events."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from physml.ops.event_blocks import EventBlock, event_blocks

_LAST = np.iinfo(np.int64).max  # sorts behind every distance


def nearest_dense(points: Tensor, starts: Tensor, counts: Tensor, k: int, index: Tensor, budget: int = 2**17) -> None:
    r"""Write the nearest other points of each point into the first columns of its row of `index`.

    A squared distance in double precision is not negative, so its bits, read as an integer, are in the order of the
    distances. The lowest of them are replaced by the neighbour's number within the event: numpy then selects and sorts
    plain integers, which is several times faster than selecting distances along with indices, and ties go to the lower
    number. Up to 2²⁰ points, distances are told apart to better than 1e-9 of their size.

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

    def work(block: EventBlock) -> None:
        _search_block(axes, block, k, found)

    blocks = list(event_blocks(starts, counts, budget))
    threads = min(len(blocks), torch.get_num_threads())
    if threads < 2:
        for block in blocks:
            work(block)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, blocks))


def nearest_of_rows(axes: np.ndarray, rows: np.ndarray, k: int) -> np.ndarray:
    """Return the k nearest other points of some points of one event, nearest first, ties in the order of numbers.

    Args:
        axes: Coordinates of the event's points in double precision, axis by axis.
        rows: Numbers of the points asked for.
        k: Number of neighbours, less than that of the points.

    Shapes:
        axes (…, space, points), rows (rows,) → (…, rows, k)
    """
    keys = _keys(axes, rows)
    return _select(keys, k)


def index_bits(width: int) -> int:
    """Return the mask of the lowest bits that hold the numbers of `width` points."""
    return (1 << int(width).bit_length()) - 1


def _search_block(axes: np.ndarray, block: EventBlock, k: int, found: np.ndarray) -> None:
    starts, counts, rows = block.starts.numpy(), block.counts.numpy(), block.rows.numpy()
    # Padding repeats an event's last point and is ruled out as a neighbour.
    slots = starts[:, None] + np.minimum(np.arange(block.width), counts[:, None] - 1)
    keys = _keys(np.moveaxis(axes[:, slots], 0, 1), rows)
    for event, count in enumerate(counts):
        keys[event, :, count:] = _LAST
    nearest = _select(keys, min(k, block.width - 1))
    for event, (start, count) in enumerate(zip(starts, counts, strict=True)):
        here, columns = rows[rows < count], min(k, count - 1)
        found[start + here, :columns] = nearest[event, : len(here), :columns] + start


def _keys(axes: np.ndarray, rows: np.ndarray) -> np.ndarray:
    squared = 0.0
    for axis in np.moveaxis(axes, -2, 0):
        difference = axis[..., rows, None] - axis[..., None, :]  # no |a|² + |b|² − 2ab: it cancels far from the origin
        difference *= difference
        squared = np.add(squared, difference, out=difference)
    keys, bits = squared.view(np.int64), index_bits(axes.shape[-1])
    keys &= ~bits
    keys |= np.arange(axes.shape[-1])
    keys[..., np.arange(len(rows)), rows] = _LAST
    return keys


def _select(keys: np.ndarray, k: int) -> np.ndarray:
    keys.partition(k - 1, axis=-1)
    return np.sort(keys[..., :k], axis=-1) & index_bits(keys.shape[-1])
