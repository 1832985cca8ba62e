"""The k nearest neighbours through single precision, proved in double precision to be the right ones."""

import numpy as np

from physml.ops.distance_keys import distance_keys, index_bits

SPARE = 8  # candidates beyond k, so that the k nearest are clearly nearer than all that were left out


def filter_applies(fewest: int, width: int, k: int) -> bool:
    """Whether `nearest_filtered` can serve events of `fewest` to `width` points: single precision has bits enough."""
    return k + SPARE < fewest - 1 and width < 2**13


def nearest_filtered(
    axes: np.ndarray, rows: np.ndarray, counts: np.ndarray, k: int, buffers: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    r"""Return the k nearest other points of some points of each event, and which of them are proved to be those.

    Single precision selects k + `SPARE` candidates, in half the memory, and double precision orders them. All others
    are farther than a bound B in single precision, so the candidates hold the k nearest, :math:`d_k` the last of them,
    where

    .. math:: d_k + 2 \sqrt{S}\, \delta < B\, (1 - \epsilon), \qquad \delta = \max |s - \mathrm{single}(s)|,

    with S the number of axes, δ what the coordinates lost in single precision (nothing if they come from there) and
    ε the rounding of the distances. Rows where this fails (points that coincide, that are tied or far from the origin)
    are left to the search in double precision alone.

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
    events, space, width = axes.shape
    bits, candidates = index_bits(width), k + SPARE
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows in single precision is not proved
        single = axes.astype(np.float32)
        lost = np.abs(axes - single).max(initial=0.0)
        keys = distance_keys(single, rows, buffers)
    for event, count in enumerate(counts):
        keys[event, :, count:] = np.iinfo(np.int32).max
    keys.partition(candidates, axis=-1)
    bound = (keys[..., candidates] & ~bits).view(np.float32).astype(np.float64)
    numbers = (keys[..., :candidates] & bits).astype(np.int64)

    squared = np.zeros(numbers.shape)
    places = numbers + width * np.arange(events)[:, None, None]
    for axis in np.moveaxis(axes, 1, 0):
        squared += np.square(axis[:, rows, None] - axis.ravel().take(places))
    exact = squared.view(np.int64)
    exact &= ~bits
    exact |= numbers
    exact.sort(axis=-1)
    farthest = np.sqrt((exact[..., k - 1] & ~bits).view(np.float64))
    # Below 1e-30 single precision underflows, above 3e38 it overflows, and NaN compares as false.
    rounding = (space + 8) * 2.0**-22
    proved = (farthest + 2 * space**0.5 * lost < np.sqrt(np.minimum(bound, 3e38)) * (1 - rounding)) & (bound > 1e-30)
    return exact[..., :k] & bits, proved
