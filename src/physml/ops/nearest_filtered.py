"""The k nearest neighbours through single precision, proved in double precision to be the right ones."""

import math

import numpy as np

from physml.ops.distance_keys import distance_keys, index_bits, squared_distances

SPARE = 8  # candidates beyond k, so that the k nearest are clearly nearer than all that were left out
FEW_AXES = 8  # up to which sums axis by axis are faster than a product of matrices
EPSILON = 2.0**-24  # the rounding of single precision


def filter_applies(fewest: int, width: int, k: int) -> bool:
    """Whether `nearest_filtered` can serve events of `fewest` to `width` points: single precision has bits enough."""
    return k + SPARE < fewest - 1 and width < 2**13


def nearest_filtered(
    axes: np.ndarray, rows: np.ndarray, counts: np.ndarray, k: int, buffers: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    r"""Return the k nearest other points of some points of each event, and which of them are proved to be those.

    Single precision selects k + `SPARE` candidates, in half the memory, and double precision orders them. All others
    are at least as far as a bound B in single precision, so the candidates hold the k nearest, :math:`d_k` the last of
    them, where

    .. math:: (d_k + \delta_1)^2 + \delta_2 < B^2 (1 - \eta), \qquad \eta = 4 (S + 8)\, 2^{-24}

    A sum of the squares of S differences errs by at most :math:`(S + 2)\, 2^{-24}` of itself, so that η has room to
    spare; δ₁ and δ₂ are what the coordinates and the method lose beside it. Rows where this fails (points that coincide
    or are tied, a cluster far from the rest) are left to the search in double precision alone.

    Args:
        axes: Coordinates of each event's points in double precision, axis by axis; padding behind the points.
        rows: Numbers of the points asked for.
        counts: Points of each event, enough by `filter_applies`.
        k: Number of neighbours.
        buffers: Two rows of at least as many numbers in single precision as there are pairs.

    Returns:
        The neighbours, as `physml.ops.distance_keys.nearest_of_rows`, and whether they are proved.

    Shapes:
        axes (events, space, points), rows (rows,), counts (events,), buffers (2, numbers)
        → (events, rows, k) and (events, rows)
    """
    space, width = axes.shape[1:]
    bits, candidates = index_bits(width), k + SPARE
    approximate = _by_axes if space <= FEW_AXES else _by_product
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows in single precision is not proved
        squared, beside_distance, beside_square = approximate(axes, rows, buffers)
    keys = distance_keys(squared, rows)
    for event, count in enumerate(counts):
        keys[event, :, count:] = np.iinfo(np.int32).max
    keys.partition(candidates, axis=-1)
    bound = (keys[..., candidates] & ~bits).view(np.float32).astype(np.float64)
    numbers = (keys[..., :candidates] & bits).astype(np.int64)

    exact = _exact_keys(axes, rows, numbers)
    farthest = np.sqrt((exact[..., k - 1] & ~bits).view(np.float64))
    with np.errstate(over="ignore", invalid="ignore"):
        needed = (farthest + beside_distance) ** 2 + beside_square
    # Below 1e-30 single precision underflows, above 3e38 it overflows, and NaN compares as false.
    proved = (needed < np.minimum(bound, 3e38) * (1 - 4 * (space + 8) * EPSILON)) & (bound > 1e-30)
    return exact[..., :k] & bits, proved


def _by_axes(axes: np.ndarray, rows: np.ndarray, buffers: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Squared distances in single precision, δ₁ and δ₂: nothing is lost of coordinates that come from there."""
    single = axes.astype(np.float32)
    lost = float(np.abs(axes - single).max(initial=0.0))
    return squared_distances(single, rows, buffers), 2 * math.sqrt(axes.shape[1]) * lost, 0.0


def _by_product(axes: np.ndarray, rows: np.ndarray, buffers: np.ndarray) -> tuple[np.ndarray, float, float]:
    """The same as |a|² + |b|² − 2ab about the centre of each event.

    Coordinates, norms, products and their sum err by at most (4 S + 15) 2⁻²⁴ of the largest |a|², of which δ₂ is about
    twice.
    """
    events, space, width = axes.shape
    single = (axes - axes.mean(axis=-1, keepdims=True)).astype(np.float32)
    norm = np.square(single).sum(axis=1)
    squared = buffers[0, : events * len(rows) * width].reshape(events, len(rows), width)
    np.matmul(single[:, :, rows].transpose(0, 2, 1), single, out=squared)
    squared *= -2
    squared += norm[:, rows, None]
    squared += norm[:, None, :]
    np.maximum(squared, 0, out=squared)
    return squared, 0.0, 8 * (space + 8) * EPSILON * float(norm.max())


def _exact_keys(axes: np.ndarray, rows: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Return the sorted keys of the points `numbers` (events, rows, candidates), in double precision."""
    events, _, width = axes.shape
    squared, difference = np.zeros(numbers.shape), np.empty(numbers.shape)
    places = numbers + width * np.arange(events)[:, None, None]
    for axis in np.moveaxis(axes, 1, 0):
        np.subtract(axis[:, rows, None], axis.ravel().take(places), out=difference)
        difference *= difference
        squared += difference
    keys = squared.view(np.int64)
    keys &= ~index_bits(width)
    keys |= numbers
    keys.sort(axis=-1)
    return keys
