"""Figures of merit of coordinates that were found together with their law."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from physml.metrics.sparse_dynamics import relative_error, true_coefficients
from physml.ops.monomials import monomials


class UnexplainedPart(Metric):
    r"""Mean squared error over mean square, of a pair of arrays.

    .. math:: \frac{\langle (\hat a - a)^2 \rangle}{\langle a^2 \rangle}

    It is of all test data at once: the statistical uncertainty is not estimated and 0.

    Units: dimensionless.

    Source: Champion, Lusch, Kutz and Brunton 2019, doi 10.1073/pnas.1906995116 ("fraction of unexplained variance").

    Args:
        pair: Makes â and a from arrays by their names: a function of this file.
    """

    full_state_update = False
    unit = ""

    def __init__(self, pair: Callable[[Any, Mapping[str, Any]], tuple[Tensor, Tensor]]) -> None:
        super().__init__()
        self.pair = pair
        for name in ("wrong", "whole"):
            self.add_state(name, torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, arrays: Mapping[str, Any]) -> None:
        """Add the events of one batch."""
        found, truth = self.pair(arrays["prediction"], arrays)
        self.wrong += (found - truth).double().square().sum()
        self.whole += truth.double().square().sum()

    def compute(self) -> Tensor:
        """Return the part of all events so far."""
        return self.wrong / self.whole

    def uncertainty(self) -> Tensor:
        """Return 0."""
        return torch.zeros_like(self.whole)


def reconstruction(prediction: Any, arrays: Mapping[str, Any]) -> tuple[Tensor, Tensor]:
    """Return the decoded field and the field."""
    return prediction.reconstruction, arrays["x"]


def decoded_rate(prediction: Any, arrays: Mapping[str, Any]) -> tuple[Tensor, Tensor]:
    """Return the field's rate of change by the law of the coordinates, and as it is."""
    return prediction.decoded_rate, arrays["y"]


def latent_rate(prediction: Any, arrays: Mapping[str, Any]) -> tuple[Tensor, Tensor]:
    """Return the coordinates' rate of change by their law, and as the field has it."""
    return prediction.law_rate, prediction.latent_rate


class LatentTerms(Metric):
    """Number of terms of the law that was found: one law and no sample, so that its uncertainty is 0."""

    full_state_update = False
    unit = ""

    def __init__(self) -> None:
        super().__init__()
        self.add_state("count", torch.zeros((), dtype=torch.float64), dist_reduce_fx="mean")

    def update(self, arrays: Mapping[str, Any]) -> None:
        """Look at the law, ``network`` among the arrays."""
        self.count = (arrays["network"].coefficients != 0).sum().double()

    def compute(self) -> Tensor:
        """Return the number of the law that was looked at last."""
        return self.count

    def uncertainty(self) -> Tensor:
        """Return 0."""
        return torch.zeros_like(self.count)


class LawBehindField(Metric):
    r"""How far the law that was found is from the known one, after the best affine map to the known states.

    .. math::
        \min_{C, d} \langle \lVert s - z C - d \rVert^2 \rangle, \qquad s' = z C + d, \qquad
        \dot s' = \Theta(s')\, \Xi', \qquad \frac{\lVert \Xi' - \Xi^* \rVert}{\lVert \Xi^* \rVert}

    Coordinates that are found without knowing the states have other scales, shifts and directions. With C and d the law
    is a polynomial of s' again, whose coefficients Ξ' are compared with those of the known law. The map is that of all
    test data; the statistical uncertainty is not estimated and 0.

    Units: dimensionless; those of the law for the states.

    Args:
        states: Makes s from x, in units of `scale`.
        law: What has `terms`, the true coefficients by the powers of the variables.
        measure: Makes the figure of Ξ' and Ξ*: a function of `physml.metrics.sparse_dynamics`.
        scale: Size of the states.
    """

    full_state_update = False
    unit = ""

    def __init__(
        self,
        states: Callable[[Tensor], Tensor],
        law: Any,
        measure: Callable[[Tensor, Tensor], Tensor] = relative_error,
        scale: float = 1.0,
    ) -> None:
        super().__init__()
        self.states, self.law, self.measure, self.scale = states, law, measure, scale
        for name in ("known", "latent", "law_rate"):
            self.add_state(name, [], dist_reduce_fx="cat")

    def update(self, arrays: Mapping[str, Any]) -> None:
        """Add the events of one batch."""
        self.powers = arrays["network"].powers
        self.truth = true_coefficients(self.law, arrays["network"])
        self.known.append(self.scale * self.states(arrays["x"].double()))
        self.latent.append(arrays["prediction"].latent)
        self.law_rate.append(arrays["prediction"].law_rate)

    def compute(self) -> Tensor:
        """Return the figure."""
        known, z, rate = (dim_zero_cat(parts) for parts in (self.known, self.latent, self.law_rate))
        change = torch.linalg.lstsq(z - z.mean(0), known - known.mean(0)).solution
        mapped = (z - z.mean(0)) @ change + known.mean(0)
        found = torch.linalg.lstsq(monomials(mapped, self.powers), rate @ change).solution
        return self.measure(found, self.truth).float()  # further digits depend on where arrays lie in memory

    def uncertainty(self) -> Tensor:
        """Return 0."""
        return torch.zeros((), dtype=torch.float64)


class AffineRemainder(Metric):
    r"""The part of the coordinates' variance that is no affine function of known states.

    .. math:: \min_{A, b} \frac{\langle \lVert z - s A - b \rVert^2 \rangle}
              {\langle \lVert z - \bar z \rVert^2 \rangle}

    It is of all test data at once: the statistical uncertainty is not estimated and 0.

    Units: dimensionless.

    Args:
        states: Makes s from x.
    """

    full_state_update = False
    unit = ""

    def __init__(self, states: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.states = states
        for name in ("known", "latent"):
            self.add_state(name, [], dist_reduce_fx="cat")

    def update(self, arrays: Mapping[str, Any]) -> None:
        """Add the events of one batch."""
        self.known.append(self.states(arrays["x"].double()))
        self.latent.append(arrays["prediction"].latent)

    def compute(self) -> Tensor:
        """Return the part."""
        s, z = (each - each.mean(0) for each in (dim_zero_cat(self.known), dim_zero_cat(self.latent)))
        part = (z - s @ torch.linalg.lstsq(s, z).solution).square().sum() / z.square().sum()
        return part.float()  # further digits depend on where arrays lie in memory

    def uncertainty(self) -> Tensor:
        """Return 0."""
        return torch.zeros((), dtype=torch.float64)
