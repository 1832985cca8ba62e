"""Derivatives of functions that are known at points of any distances, as sparse matrices."""

import math

import numpy as np
from scipy.sparse import csr_array


def difference_matrix(points: np.ndarray, order: int, width: int = 7) -> csr_array:
    r"""Return the matrix that maps values at points to a derivative there.

    Each row is exact for polynomials up to degree `width` − 1: the error of the n-th derivative is of order
    :math:`h^{w - n}` in the distance h of the points.

    Units: of the values, divided by those of the points.

    Source: Fornberg 1988, doi 10.1090/S0025-5718-1988-0935077-0 (the weights, here from a linear system).

    Args:
        points: Increasing.
        order: n.
        width: w, how many points each row reads; those nearest in number.

    Shapes: points (points,) → (points, points)

    Raises:
        ValueError: There are fewer points than a row reads, or a row reads too few for the order.

    Example:
        >>> x = np.array([0.0, 1.0, 3.0, 4.0])
        >>> (difference_matrix(x, 2, width=3) @ x**2).round(9).tolist()
        [2.0, 2.0, 2.0, 2.0]
    """
    count = len(points)
    if not order < width <= count:
        raise ValueError(f"expected more than {order} and at most {count} points in a row, got {width}: choose others")
    first = np.clip(np.arange(count) - width // 2, 0, count - width)
    columns = first[:, None] + np.arange(width)
    offsets = points[columns] - points[:, None]
    scale = np.ptp(offsets, axis=1, keepdims=True) / 2  # keeps the powers of one size
    powers = np.arange(width)
    moments = np.zeros((count, width, 1))
    moments[:, order] = math.factorial(order)
    weights = np.linalg.solve((offsets / scale)[:, None, :] ** powers[:, None], moments)[..., 0] / scale**order
    rows = np.repeat(np.arange(count), width)
    return csr_array((weights.ravel(), (rows, columns.ravel())), shape=(count, count))
