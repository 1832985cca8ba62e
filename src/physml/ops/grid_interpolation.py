r"""Functions between the points of a grid."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from scipy.interpolate import BSpline, make_interp_spline
from torch import Tensor

from physml.ops.grid_derivatives import DEGREE


def grid_interpolation(
    fields: Mapping[str, np.ndarray], axes: Mapping[str, np.ndarray], variables: Sequence[str]
) -> Callable[[Tensor], Tensor]:
    r"""Return a function of points that agrees with real fields on a grid, by splines of degree 7 along each axis.

    Between the points its error is of order :math:`h^8` in their distance h. A little beyond the grid it goes on.

    Units: those of the fields.

    Source: as `physml.ops.grid_derivatives.grid_derivatives`.

    Args:
        fields: Values on the grid by name, in the order of the function's outputs.
        axes: Coordinates by letter, in the order of the fields' dimensions.
        variables: The letters in the order of the columns of the points.

    Returns:
        A function of ``x``. Shapes: x (points, variables) → (points, outputs), in double precision

    Example:
        >>> x, t = np.linspace(0, 1, 21), np.linspace(0, 1, 11)
        >>> field = grid_interpolation({"u": np.exp(x)[:, None] * t}, {"x": x, "t": t}, ["t", "x"])
        >>> round(field(torch.tensor([[0.5, 0.375]])).item(), 9), round(0.5 * float(np.exp(0.375)), 9)
        (0.727495707, 0.727495707)
    """
    coefficients = np.stack(list(fields.values()), axis=-1)
    knots = []
    for number, points in enumerate(axes.values()):
        spline = make_interp_spline(points, coefficients, k=DEGREE, axis=number)
        knots.append(spline.t)
        coefficients = np.moveaxis(spline.c, 0, number)
    columns = [list(variables).index(letter) for letter in axes]

    def field(x: Tensor) -> Tensor:
        points = x.detach().double().numpy()
        found = np.broadcast_to(coefficients, (len(points), *coefficients.shape))
        for column, along in zip(columns, knots, strict=True):
            basis = BSpline.design_matrix(points[:, column], along, DEGREE, extrapolate=True).toarray()
            found = np.einsum("pn,pn...->p...", basis, found)
        return torch.from_numpy(found)

    return field
