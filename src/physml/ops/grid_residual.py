r"""Judging a differential equation by a solution of it that is known on a grid."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from physml.ops.grid_derivatives import grid_derivatives
from physml.ops.named import call, parameters

Fields = Mapping[str, np.ndarray]
PART = 0.01  # of the smallest term: as large an error of any term is noticed
ACCURATE = 1e-6  # of the largest term: as accurate are reference solutions, so a residual need not fall any further


@dataclass(frozen=True)
class GridResidual:
    r"""The sizes of a residual, in units of the equation's largest term.

    Args:
        value: For the solution.
        coarse: For the solution on every second point.
        perturbed: For the solution off by up to a tenth.
        tolerance: A hundredth of the smallest term.
        blur: How much the terms on every second point differ from those on all.
        suspect: The argument of the residual whose term would have to have another factor for the residual to vanish.
        factor: By what this term would have to be multiplied.
    """

    value: float
    coarse: float
    perturbed: float
    tolerance: float
    blur: float
    suspect: str | None
    factor: float

    @property
    def order(self) -> float:
        """The order in the distance of the points at which the residual of the solution vanishes."""
        return math.log2(self.coarse / self.value) if self.coarse > 0 and self.value > 0 else math.inf

    @property
    def resolved(self) -> bool:
        """Whether the grid tells the terms of the equation to a tenth."""
        return self.blur < 0.1

    @property
    def vanishes(self) -> bool:
        """Whether the solution obeys the equation: below the tolerance, and falling as the grid is refined."""
        return self.value <= self.tolerance and (self.value <= ACCURATE or self.order >= 2)

    @property
    def holds(self) -> bool:
        """Whether the solution obeys the equation and the perturbed one does not."""
        return self.vanishes and self.perturbed > self.tolerance


def grid_residual(
    residual: Callable[..., Tensor], fields: Fields, axes: Fields, coefficients: Mapping[str, float] | None = None
) -> GridResidual:
    r"""Put a solution into an equation's residual, and a perturbed one.

    Derivatives come from splines through the solution, not from its solver, once through all points and once through
    every second one: what is left of a correct equation falls by :math:`2^{8 - n}` in between, n being the highest
    derivative, while what is left of a wrong one stays. A term is what the residual loses when one of its arguments
    is set to zero. Sizes are medians over the points at which the terms are not negligible, so that a layer too thin
    for the grid does not matter.

    Args:
        residual: F, called with the derivatives and coordinates that its parameters name.
        fields: The solution by the names of its components.
        axes: Coordinates by letter, in the order of the fields' dimensions.
        coefficients: Numbers that F reads besides, by name.

    Shapes: fields (points of the first axis, points of the second, …) each

    Raises:
        ValueError: F reads what there is not, there are too few points, or all terms are zero.
    """
    given = dict(coefficients or {})
    names = [name for name in parameters(residual) if name not in given]

    def of(arrays: Mapping[str, Tensor]) -> Tensor:
        return call(residual, {**arrays, **given})

    every_second = (slice(None, None, 2),) * len(axes)
    fine = _thin(grid_derivatives(fields, axes, names), every_second)
    coarse_axes = {letter: points[::2] for letter, points in axes.items()}
    coarse = grid_derivatives(_thin(fields, every_second), coarse_axes, names)
    wrong = _thin(grid_derivatives(perturbed(fields, axes), axes, names), every_second)

    terms, coarse_terms = _terms(of, fine), _terms(of, coarse)
    largest = torch.stack([term.abs() for term in terms.values()]).amax(0)
    counts = largest >= 0.01 * largest.mean()

    def size(values: Tensor) -> float:
        return float(values.abs()[counts].median())

    sizes = {name: size(term) for name, term in terms.items()}
    scale = max(sizes.values())
    if scale == 0:
        raise ValueError("expected a solution for which the equation has terms, got one without any: choose another")
    present = [name for name in terms if sizes[name] > 1e-9 * scale]
    suspect, factor = _suspect(of(fine)[counts], {name: terms[name][counts] for name in present})
    return GridResidual(
        value=size(of(fine)) / scale,
        coarse=size(of(coarse)) / scale,
        perturbed=size(of(wrong)) / scale,
        tolerance=PART * min(sizes[name] for name in present) / scale,
        blur=max(size(terms[name] - coarse_terms[name]) / sizes[name] for name in present),
        suspect=suspect,
        factor=factor,
    )


def perturbed(fields: Fields, axes: Fields) -> dict[str, np.ndarray]:
    r"""Return fields that are off by up to a tenth, smoothly.

    .. math:: u + \tfrac{1}{20} \left(u + \max |u|\right) \prod_i \cos(k_i x_i + \varphi)

    The part with u keeps the residual's share of a solution of short waves, the other one breaks conditions at walls
    where u is zero.

    Shapes: as given
    """
    bump = np.ones(())
    for number, points in enumerate(axes.values()):
        unit = (points - points[0]) / (points[-1] - points[0])
        bump = bump[..., None] * np.cos(2 * math.pi * (1.3 + 0.4 * number) * unit + 0.7)
    return {name: values + 0.05 * (values + np.abs(values).max()) * bump for name, values in fields.items()}


def _thin(arrays: Mapping, index: tuple[slice, ...]) -> dict:
    return {name: array[index] for name, array in arrays.items()}


def _terms(residual: Callable[[Mapping[str, Tensor]], Tensor], arrays: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What the residual loses when an argument is set to zero, by the argument."""
    whole = residual(arrays)
    return {name: whole - residual({**arrays, name: torch.zeros_like(value)}) for name, value in arrays.items()}


def _suspect(residual: Tensor, terms: Mapping[str, Tensor]) -> tuple[str | None, float]:
    """The term of which the residual is most nearly a constant part, and the factor with which it would cancel."""
    whole, best = float(residual.abs().median()), (0.02, None, math.nan)
    for name, term in reversed(terms.items()):  # of u u_x, u_x tells more than u
        part = float((residual / term).real.median())
        misfit = float((residual - part * term).abs().median()) / whole if whole else math.nan
        if misfit < best[0]:
            best = (misfit, name, 1 - part)
    return best[1:]
