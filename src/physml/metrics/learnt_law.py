"""Figures of merit of a law of evolution that was learnt: what it predicts, and its coefficients."""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torchmetrics import Metric

Solve = Callable[[Callable[[Tensor], Tensor], Sequence[str], dict[str, np.ndarray]], tuple[Tensor, Tensor]]


class EvolutionError(Metric):
    r"""Relative error of the learnt law's own solution from the start of a reference solution.

    .. math:: \frac{\lVert \hat u - u \rVert_2}{\lVert u \rVert_2} \text{ over all places and times}

    It is not a number if the law's solution, or its norm, does not stay finite. The start is one and no sample: the
    statistical uncertainty is 0. The law is solved with the first batch of a pass over the data, as no other changes
    it.

    Units: dimensionless.

    Source: Raissi 2018, arXiv 1801.06637, where the learnt equation is solved by another network.

    Args:
        solution: Returns the reference: ``x`` (places,), ``t`` (times,) and fields (places, …, times).
        solve: Solves the law beside the reference: `physml.ops.pointwise_evolution.beside_reference` or
            `physml.physics.navier_stokes.beside_reference`.
        law: Which array is the law: ``network``, whose ``law`` is taken, or ``formula``.
        until: The last time compared; all of them unless given.
        compared: Makes what is compared of both solutions, such as `modulus`; the solutions themselves unless given.
    """

    full_state_update = False
    unit = ""

    def __init__(
        self,
        solution: Callable[[], dict[str, np.ndarray]],
        solve: Solve,
        law: str = "network",
        until: float | None = None,
        compared: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        super().__init__()
        self.solution, self.solve, self.law, self.until, self.compared = solution, solve, law, until, compared
        self.add_state("value", torch.tensor(torch.nan, dtype=torch.float64), dist_reduce_fx="mean")

    def update(self, arrays: Mapping[str, Any]) -> None:
        """Solve the law, ``network`` or ``formula`` among the arrays, once after each reset."""
        if self.update_count > 1:
            return
        network, reference = arrays["network"], self.solution()
        if self.until is not None:
            early = reference["t"] <= self.until
            reference = {name: array if name in "xy" else array[..., early] for name, array in reference.items()}
        law = _on_cpu(network.law) if self.law == "network" else arrays[self.law]
        found, truth = self.solve(law, network.inputs, reference)
        if self.compared is not None:
            found, truth = self.compared(found), self.compared(truth)
        error = (found - truth).norm() / truth.norm()
        self.value = torch.where(error.isfinite(), error, torch.nan).to(self.device)

    def compute(self) -> Tensor:
        """Return the error of the law that was solved."""
        return self.value

    def uncertainty(self) -> Tensor:
        """Return 0."""
        return torch.zeros_like(self.value)


def _on_cpu(law: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """The law, or a copy of a network, where equations are solved."""
    return deepcopy(law).cpu() if isinstance(law, nn.Module) else law


def modulus(u: Tensor) -> Tensor:
    """Return |u| of a complex solution, which is blind to its phase."""
    return u.abs()


class FormulaError(Metric):
    """A figure of merit of the formula that was read off a learnt law.

    It is of one formula and no sample: the statistical uncertainty is 0.

    Units: dimensionless.

    Args:
        terms: The terms of the true law, each with its rate, such as ``u_t: u u_x``, as
            `physml.ops.sparse_law.SparseLaw` writes them.
        coefficients: Their coefficients.
        measure: Makes the figure of the coefficients found and the true ones, a function of this file.
    """

    full_state_update = False
    unit = ""

    def __init__(
        self,
        terms: list[str],
        coefficients: list[float],
        measure: Callable[[Mapping[str, float], Mapping[str, float]], float],
    ) -> None:
        super().__init__()
        self.truth, self.measure = dict(zip(terms, coefficients, strict=True)), measure
        self.add_state("value", torch.tensor(torch.nan, dtype=torch.float64), dist_reduce_fx="mean")

    def update(self, arrays: Mapping[str, Any]) -> None:
        """Look at the ``formula`` among the arrays."""
        figure = self.measure(arrays["formula"].terms, self.truth)
        self.value = torch.tensor(figure, dtype=torch.float64, device=self.device)

    def compute(self) -> Tensor:
        """Return the figure of the formula that was looked at last."""
        return self.value

    def uncertainty(self) -> Tensor:
        """Return 0."""
        return torch.zeros_like(self.value)


def worst_error(found: Mapping[str, float], truth: Mapping[str, float]) -> float:
    """Return the largest relative error of a true coefficient; 1 if it is missing.

    Example:
        >>> worst_error({"u_t: u u_x": -1.0}, {"u_t: u u_x": -1.0, "u_t: u_xx": 0.1})
        1.0
    """
    return max(abs(found.get(term, 0.0) / value - 1) for term, value in truth.items())


def wrong_terms(found: Mapping[str, float], truth: Mapping[str, float]) -> float:
    """Return how many terms are missing or too many.

    Example:
        >>> wrong_terms({"u_t: 1": 0.2, "u_t: u_xx": 0.1}, {"u_t: u u_x": -1.0, "u_t: u_xx": 0.1})
        2.0
    """
    return float(len(found.keys() ^ truth.keys()))
