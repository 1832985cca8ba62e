"""Squared distances as integers that also hold the neighbour's number: they are selected several times faster."""

import math

import numpy as np

LAST = np.iinfo(np.int64).max  # sorts behind every distance


def index_bits(width: int) -> int:
    """Return the mask of the lowest bits that hold the numbers of `width` points."""
    return (1 << int(width).bit_length()) - 1


def squared_distances(axes: np.ndarray, rows: np.ndarray, buffers: np.ndarray) -> np.ndarray:
    """Return the squared distances between some rows and all points of the same event, summed axis by axis.

    Args:
        axes: Coordinates axis by axis, in single or double precision.
        rows: Numbers of the points whose distances are asked for.
        buffers: Two rows of at least as many numbers as there are pairs, of the type of `axes`. The distances are a
            view of the first.

    Shapes:
        axes (…, space, points), rows (rows,), buffers (2, numbers) → (…, rows, points)
    """
    shape = (*axes.shape[:-2], len(rows), axes.shape[-1])
    squared, difference = (buffer[: math.prod(shape)].reshape(shape) for buffer in buffers)
    for number, axis in enumerate(np.moveaxis(axes, -2, 0)):
        # No |a|² + |b|² − 2ab: it cancels far from the origin.
        out = difference if number else squared
        np.subtract(axis[..., rows, None], axis[..., None, :], out=out)
        out *= out
        if number:
            squared += difference
    return squared


def distance_keys(squared: np.ndarray, rows: np.ndarray) -> np.ndarray:
    r"""Turn squared distances into keys in their place, that of a point to itself last.

    A squared distance is not negative, so its bits, read as an integer, are in the order of the distances. The lowest
    of them are replaced by the point's number: plain integers are left to select and sort, and ties go to the lower
    number. Up to 2²⁰ points are told apart to better than 1e-9 of their squared distance.

    Args:
        squared: Squared distances of some rows from all points of the same event, in double precision.
        rows: Numbers of these rows.

    Shapes:
        squared (…, rows, points), rows (rows,) → (…, rows, points) int64
    """
    keys = squared.view(np.int64)
    keys &= ~index_bits(keys.shape[-1])
    keys |= np.arange(keys.shape[-1], dtype=keys.dtype)
    keys[..., np.arange(len(rows)), rows] = LAST
    return keys


def select(keys: np.ndarray, k: int) -> np.ndarray:
    """Return the numbers in the k lowest keys of each row, lowest first; the keys are reordered.

    Shapes: keys (…, points) → (…, k)
    """
    keys.partition(k - 1, axis=-1)
    return np.sort(keys[..., :k], axis=-1) & index_bits(keys.shape[-1])


def nearest_of_rows(axes: np.ndarray, rows: np.ndarray, k: int) -> np.ndarray:
    """Return the k nearest other points of some points of one event, nearest first, ties in the order of numbers.

    Args:
        axes: Coordinates of the event's points in double precision, axis by axis.
        rows: Numbers of the points asked for.
        k: Number of neighbours, less than that of the points.

    Shapes:
        axes (space, points), rows (rows,) → (rows, k)
    """
    squared = squared_distances(axes, rows, np.empty((2, len(rows) * axes.shape[-1])))
    return select(distance_keys(squared, rows), k)
