r"""Judging conditions that hold exactly by a solution that is known on a grid."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from physml.ops.grid_derivatives import grid_derivatives
from physml.ops.grid_residual import perturbed

Conditions = Callable[[Tensor], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class GridConditions:
    r"""What conditions û = a + g f, which hold for every f, leave of a solution.

    Args:
        value: The largest :math:`|u - a|` where g = 0, in units of the largest :math:`|u|`; NaN where no point of the
            grid has g = 0.
        slope: The largest :math:`|\partial (u - a)|` by an axis that leaves the points with g = 0, where ∂g by it is 0
            as well, in units of the largest :math:`|\partial u|`; 0 where there is no such point.
        perturbed: As `value`, for the perturbed solution.
    """

    value: float
    slope: float
    perturbed: float


def grid_conditions(
    conditions: Conditions,
    fields: Mapping[str, np.ndarray],
    axes: Mapping[str, np.ndarray],
    variables: Sequence[str],
) -> GridConditions:
    r"""Put a solution and a perturbed one into conditions.

    Where g vanishes the solution has to meet a, whatever the network's f is, and where ∂g vanishes as well, as for
    g = t² at a start from rest, also its slope.

    Args:
        conditions: Maps points (points, variables) to a and g, (points, outputs) each.
        fields: The solution, by the names of the outputs in their order.
        axes: Coordinates by letter, in the order of the fields' dimensions.
        variables: The letters in the order of the columns of the points.

    Shapes: fields (points of the first axis, points of the second, …) each
    """
    found = grid_derivatives(fields, axes, list(axes))
    a, g = conditions(torch.stack([found[letter].flatten() for letter in variables], dim=1))
    values, wrong, slopes = [], [], [0.0]
    largest = max(np.abs(u).max() for u in fields.values())
    for number, (name, u) in enumerate(fields.items()):
        target, gate = (column[:, number].reshape(u.shape).numpy() for column in (a, g))
        held = _zero(gate, 1e-12)
        values += list(np.abs(u - target)[held] / largest)
        wrong += list(np.abs(perturbed(fields, axes)[name] - target)[held] / largest)
        for dimension, letter in enumerate(axes):
            by = {"u": u, "rest": u - target, "gate": gate}
            slope, rest, change = (
                grid_derivatives(by, axes, [f"{part}_{letter}"])[f"{part}_{letter}"].numpy() for part in by
            )
            where = _alone(held, dimension) & _zero(change, 1e-6)
            slopes += list(np.abs(rest)[where] / max(np.abs(slope).max(), np.finfo(float).tiny))
    return GridConditions(max(values, default=np.nan), max(slopes), max(wrong, default=np.nan))


def _zero(values: np.ndarray, part: float) -> np.ndarray:
    return np.abs(values) <= part * np.abs(values).max()


def _alone(held: np.ndarray, dimension: int) -> np.ndarray:
    """Points that are held, but not their neighbours along a dimension: along a wall, a slope tells nothing more."""
    rows = np.moveaxis(held, dimension, 0)
    none = np.zeros_like(rows[:1])
    neighbours = np.concatenate([none, rows[:-1]]) | np.concatenate([rows[1:], none])
    return np.moveaxis(rows & ~neighbours, 0, dimension)
