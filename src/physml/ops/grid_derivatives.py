r"""Derivatives of functions that are known on a grid."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from scipy.interpolate import make_interp_spline
from torch import Tensor

DEGREE = 7


def grid_derivatives(
    fields: Mapping[str, np.ndarray], axes: Mapping[str, np.ndarray], names: Sequence[str]
) -> dict[str, Tensor]:
    r"""Return partial derivatives at the points of a grid, by splines of degree 7 through the values along each axis.

    The n-th derivative has an error of order :math:`h^{8-n}` in the distance h of the points, or :math:`h^{9-n}` for
    odd n and equal distances. Within a few points of the ends the error is larger, though of the same order.

    Units: of each field, divided by those of the axes.

    Source: de Boor 2001, "A practical guide to splines", doi 10.1007/978-1-4612-6333-3.

    Args:
        fields: Values on the grid by name, real or complex.
        axes: Coordinates by letter, in the order of the fields' dimensions.
        names: The derivatives wanted, as in `physml.ops.derivatives.derivatives`; an axis' letter alone is the
            coordinate at each point.

    Shapes: fields (points of the first axis, points of the second, …) → the same, each

    Raises:
        ValueError: A name is of no field and axes that there are, or an axis has too few points.

    Example:
        >>> x, t = np.linspace(0, 1, 11), np.linspace(0, 1, 11)
        >>> found = grid_derivatives({"u": x[:, None] ** 3 * t}, {"x": x, "t": t}, ["u_xxt", "x"])
        >>> {name: round(value[5, 2].item(), 9) for name, value in found.items()}  # at x = 0.5, where u_xxt = 6 x
        {'u_xxt': 3.0, 'x': 0.5}
    """
    for letter, points in axes.items():
        if len(points) <= DEGREE:
            raise ValueError(f"expected more than {DEGREE} points of {letter}, got {len(points)}: take a finer grid")
    return {name: _derivative(name, fields, axes) for name in names}


def _derivative(name: str, fields: Mapping[str, np.ndarray], axes: Mapping[str, np.ndarray]) -> Tensor:
    shape = tuple(len(points) for points in axes.values())
    if name in axes:
        along = [-1 if letter == name else 1 for letter in axes]
        return torch.from_numpy(np.broadcast_to(axes[name].reshape(along), shape).copy())
    field, _, letters = name.partition("_")
    if field not in fields or not set(letters) <= set(axes) or (not letters and name != field):
        raise ValueError(f"expected derivatives of {', '.join(fields)} by {', '.join(axes)}, got {name!r}: rename it")
    values = fields[field]
    for dimension, (letter, points) in enumerate(axes.items()):
        if order := letters.count(letter):
            values = make_interp_spline(points, values, k=DEGREE, axis=dimension).derivative(order)(points)
    return torch.from_numpy(np.array(values))
