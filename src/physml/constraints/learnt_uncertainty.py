"""Weights that are learnt with the network, as the noise of each term."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from physml.constraints.factors import gammas


class LearntUncertainty(nn.Module):
    r"""Each term is taken for the squared error of a measurement, whose variance is a parameter of the training.

    .. math:: J = \sum_i \left( \frac{L_i}{2 \sigma_i^2} + \frac12 \log \sigma_i^2 \right), \qquad
              \lambda_i = \frac{1}{2 \sigma_i^2}

    :math:`L_i` are L and the w_k Ω_k. At the minimum :math:`\sigma_i^2 = L_i`, so that every term counts by its
    relative change, whatever its unit; a term that can be made zero takes over in the end. What is learnt is
    :math:`\log \sigma^2`, from 0 on. The optimizer has it in a group of its own without weight decay, which would pull
    the variances to 1; its gradient counts where gradients are clipped.

    Units: σ² in those of the terms.

    Source: Kendall, Gal and Cipolla 2018, arXiv 1705.07115.

    Args:
        names: The constraints.

    Raises:
        ValueError: A term is negative, in the validation or before the training.

    Example:
        >>> LearntUncertainty(["energy"]).eval()(torch.tensor([1.0, 1.0]), {"energy": 4.0})["energy"].item()
        2.0
    """

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self.log_variance = nn.Parameter(torch.zeros(len(names) + 1))

    def forward(self, terms: Tensor, weights: dict[str, float]) -> dict[str, Tensor]:
        """Return γ by name, with their graph. Shapes: terms (L, w_1 Ω_1, …)."""
        if not self.training and (terms < 0).any():  # where waiting for the device costs nothing
            raise ValueError(
                f"expected terms from 0 on, squared errors, got {terms.tolist()}: choose another loss or weighting"
            )
        if self.training:  # a term that is 0, such as a constraint that is off, would shrink its variance without end
            with torch.no_grad():
                self.log_variance.clamp_(min=-20)
        return gammas(0.5 * torch.exp(-self.log_variance.clamp(min=-20)), weights)

    def regulariser(self) -> Tensor:
        """Return what J has besides its terms: half the sum of the log σ²."""
        return 0.5 * self.log_variance.sum()
