"""The k nearest neighbours through single precision, proved in double precision to be the right ones."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from physml.ops.distance_keys import LAST, index_bits, squared_distances

SPARE = 4  # candidates beyond k, so that the k nearest are clearly nearer than all that were left out
FEW_AXES = 8  # up to which sums axis by axis cost less than the search in double precision
EPSILON = 2.0**-24  # the rounding of single precision
HUGE = 3e38  # what overflows in single precision is at least that


@dataclass(frozen=True)
class Approximation:
    """Squared distances in single precision, and what they lose beside a part of themselves.

    Args:
        squared: Returns those of some rows, (rows, events, points); infinity to the row itself and to padding.
        beside_distance: δ₁ of `nearest_filtered`.
        beside_square: δ₂ there, (rows, events).
    """

    squared: Callable[[slice], np.ndarray]
    beside_distance: float
    beside_square: np.ndarray


def filter_applies(count: Tensor, k: int) -> Tensor:
    """Whether `nearest_filtered` can serve an event of `count` points."""
    return k + SPARE < count - 1


def nearest_filtered(
    axes: np.ndarray, rows: np.ndarray, counts: np.ndarray, k: int, buffers: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    r"""Return the k nearest other points of some points of each event, and which of them are proved to be those.

    Single precision leaves out all points farther than a bound B, such that k + `SPARE` or somewhat more remain, and
    double precision orders these. They hold the k nearest, :math:`d_k` the last of them, where

    .. math:: (d_k + \delta_1)^2 + \delta_2 < B^2 (1 - \eta), \qquad \eta = 4 (S + 8)\, 2^{-24}

    A sum of the squares of S differences errs by at most :math:`(S + 2)\, 2^{-24}` of itself, so that η has room to
    spare; δ₁ and δ₂ are what the coordinates and the method lose beside it. Rows where this fails (points that coincide
    or are tied, a cluster far from the rest) are left to the search in double precision alone.

    Args:
        axes: Coordinates of each event's points in double precision, axis by axis; padding behind the points.
        rows: Numbers of the points asked for.
        counts: Points of each event, enough by `filter_applies`.
        k: Number of neighbours.
        buffers: Two rows of as many numbers in single precision as there shall be distances at once: enough for a row
            of each event, and for a sixteenth of the rows.

    Returns:
        The neighbours, as `physml.ops.distance_keys.nearest_of_rows`, and whether they are proved.

    Shapes:
        axes (events, space, points), rows (rows,), counts (events,), buffers (2, numbers)
        → (events, rows, k) and (events, rows)
    """
    events, space, width = axes.shape
    candidates, bits = k + SPARE, index_bits(width)
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows in single precision is not proved
        near = _by_product(axes, rows, counts, buffers)
        some = slice(None, None, 16)
        room = 1e-3 * _bound(near.squared(some), candidates, buffers[1]) - near.beside_square[some]
        if space <= FEW_AXES and not np.median(room) > 0:  # distances are small beside those from the centre
            near = _by_axes(axes, rows, counts, buffers)
        bounds, places = [], []
        step = buffers.shape[1] // (events * width)
        for start in range(0, len(rows), step):
            squared = near.squared(slice(start, start + step))
            bounds.append(_bound(squared, candidates, buffers[1]))
            places.append(np.flatnonzero(squared <= bounds[-1][..., None]) + start * events * width)
        bound = np.concatenate(bounds)
        exact, found = _exact_keys(axes, rows, np.concatenate(places), k)
        farthest = np.sqrt((exact[..., k - 1] & ~bits).view(np.float64))
        needed = (farthest + near.beside_distance) ** 2 + near.beside_square
    # Below 1e-30 single precision underflows, and NaN compares as false.
    proved = (needed < bound * (1 - 4 * (space + 8) * EPSILON)) & (bound > 1e-30) & (found >= k)
    return (exact[..., :k] & bits).swapaxes(0, 1), proved.T


def _by_product(axes: np.ndarray, rows: np.ndarray, counts: np.ndarray, buffers: np.ndarray) -> Approximation:
    """Squared distances as |a|² + |b|² − 2ab about the centre of each event, all three in one product of matrices.

    Coordinates, norms and products err by at most (2 S + 9) 2⁻²⁴ of |a|² + |b|², which is at most 3 |a|² + 2 d²: the
    first part is δ₂, the second within η. Where a norm may overflow, a point b would be lost: there δ₂ is infinite.
    """
    events, space, width = axes.shape
    centred = axes - axes.mean(axis=-1, keepdims=True)
    norm = np.square(centred).sum(axis=1)
    left = np.ones((events, len(rows), space + 2), dtype=np.float32)
    left[..., :space] = -2 * centred[:, :, rows].swapaxes(1, 2)
    left[..., space] = norm[:, rows]
    right = np.ones((events, space + 2, width), dtype=np.float32)
    right[:, :space] = centred
    right[:, space + 1] = norm
    right[:, space + 1][np.arange(width) >= counts[:, None]] = np.inf

    def squared(some: slice) -> np.ndarray:
        own = rows[some]
        out = buffers[0, : len(own) * events * width].reshape(len(own), events, width)
        np.matmul(left[:, some], right, out=out.swapaxes(0, 1))
        out[np.arange(len(own)), :, own] = np.inf
        return out

    beside_square = 8 * (space + 5) * EPSILON * norm[:, rows].T
    beside_square[:, norm.max(axis=1) > HUGE / 4] = np.inf
    return Approximation(squared, 0.0, beside_square)


def _by_axes(axes: np.ndarray, rows: np.ndarray, counts: np.ndarray, buffers: np.ndarray) -> Approximation:
    """Squared distances summed axis by axis: nothing is lost of coordinates that come from single precision."""
    single = axes.astype(np.float32)
    lost = float(np.abs(axes - single).max(initial=0.0))
    padding = np.arange(axes.shape[-1]) >= counts[:, None]

    def squared(some: slice) -> np.ndarray:
        own = rows[some]
        out = squared_distances(single, own, buffers).swapaxes(0, 1)
        out[:, padding] = np.inf
        out[np.arange(len(own)), :, own] = np.inf
        return out

    return Approximation(squared, 2 * math.sqrt(axes.shape[1]) * lost, np.zeros((len(rows), len(axes))))


def _bound(squared: np.ndarray, candidates: int, scratch: np.ndarray) -> np.ndarray:
    """Return for each row a distance that about `candidates` points or somewhat more are not beyond.

    It is one of the smallest minima of groups: minima are fast to take, and of these few one is fast to select. In a
    row of odd length one number is in two groups.
    """
    minima, used = squared, 0
    while (width := minima.shape[-1]) >= 4 * candidates:
        half = (width + 1) // 2
        shape = (*minima.shape[:-1], half)
        out = scratch[used : used + math.prod(shape)].reshape(shape)
        minima = np.minimum(minima[..., :half], minima[..., width - half :], out=out)
        used += out.size
    return np.fmin(np.partition(minima, candidates - 1, axis=-1)[..., candidates - 1], HUGE)


def _exact_keys(axes: np.ndarray, rows: np.ndarray, places: np.ndarray, fewest: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the sorted keys, in double precision, of chosen pairs, and how many there are of each row.

    Args:
        axes: As `nearest_filtered`.
        rows: As there.
        places: The pairs, numbered row by row, event by event and point by point.
        fewest: Columns that there are at least; `LAST` follows the keys of a row.

    Shapes: → (rows, events, columns) and (rows, events)
    """
    events, space, width = axes.shape
    lines = np.arange(len(rows) * events)
    ends = np.searchsorted(places, (lines + 1) * width)
    found = np.diff(ends, prepend=0)
    columns = np.arange(max(fewest, int(found.max())))
    slots = (ends - found)[:, None] + columns
    places = places.take(slots, mode="clip") if len(places) else np.zeros_like(slots)
    own = lines % events * width + np.repeat(rows, events)
    others = places - (lines // events * (events * width))[:, None]  # as if the events' points lay in one row
    squared, difference = np.zeros(slots.shape), np.empty(slots.shape)
    for axis in axes.swapaxes(0, 1).reshape(space, -1):
        np.subtract(axis[own, None], axis.take(others, mode="clip"), out=difference)
        difference *= difference
        squared += difference
    keys = squared.view(np.int64)
    keys &= ~index_bits(width)
    others -= (lines % events * width)[:, None]
    keys |= others
    keys[columns >= found[:, None]] = LAST
    keys.sort(axis=-1)
    return keys.reshape(len(rows), events, -1), found.reshape(len(rows), events)
