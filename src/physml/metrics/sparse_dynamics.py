"""Figures of merit of a sparse law whose truth is known."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torchmetrics import Metric


class SparseLawError(Metric):
    """A figure of merit of the law that was found, which does not depend on the test events.

    Its standard error over the test events is therefore 0: how far the noise spreads it, several seeds tell.

    Units: dimensionless.

    Args:
        law: What has `terms`, the true coefficients by the powers of the variables.
        measure: Makes the figure of the coefficients found and the true ones: a function of this file.
    """

    full_state_update = False
    unit = ""

    def __init__(self, law: Any, measure: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.law, self.measure = law, measure
        self.add_state("value", torch.tensor(torch.nan, dtype=torch.float64), dist_reduce_fx="mean")

    def update(self, arrays: Mapping[str, Any]) -> None:
        """Look at the law, ``network`` among the arrays."""
        network = arrays["network"]
        self.value = self.measure(network.coefficients.detach(), true_coefficients(self.law, network))

    def compute(self) -> Tensor:
        """Return the figure of the law that was looked at last."""
        return self.value

    def uncertainty(self) -> Tensor:
        """Return 0."""
        return torch.zeros_like(self.value)


def relative_error(found: Tensor, truth: Tensor) -> Tensor:
    r"""Return :math:`\lVert \Xi - \Xi^* \rVert / \lVert \Xi^* \rVert`. Shapes: (terms, variables) twice → scalar."""
    return (found - truth).norm() / truth.norm()


def worst_error(found: Tensor, truth: Tensor) -> Tensor:
    """Return the largest relative error of a coefficient that is there. Shapes: (terms, variables) twice → scalar."""
    held = truth != 0
    return ((found - truth)[held] / truth[held]).abs().max()


def wrong_terms(found: Tensor, truth: Tensor) -> Tensor:
    """Return how many terms are missing or too many. Shapes: (terms, variables) twice → scalar."""
    return ((found != 0) != (truth != 0)).sum().double()


def true_coefficients(law: Any, network: nn.Module) -> Tensor:
    """Return the coefficients that a law has in the library of a `physml.networks.sparse_dynamics.SparseDynamics`.

    Shapes: (terms, variables)

    Raises:
        ValueError: The library lacks a term of the law.
    """
    rows = {tuple(row): number for number, row in enumerate(network.powers.tolist())}
    truth = torch.zeros_like(network.coefficients.detach())
    for powers, coefficients in law.terms.items():
        if powers not in rows:
            raise ValueError(
                f"expected a library with the powers {powers} of {', '.join(network.variables)}: raise "
                "task.network.degree"
            )
        truth[rows[powers]] = torch.tensor(coefficients, dtype=truth.dtype)
    return truth
