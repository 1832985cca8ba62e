"""Weights by how fast the terms change."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from physml.constraints.factors import gammas


class SoftAdapt(nn.Module):
    r"""SoftAdapt, its variant with normalised slopes: a term that falls more slowly than the others gains weight.

    .. math::
        \lambda_i = n \operatorname{softmax}_i (\beta\, \hat s_i), \qquad
        \hat s_i = \frac{s_i}{\sum_j |s_j|}, \qquad s_i = \bar L_i(t) - \bar L_i(t - 1)

    :math:`\bar L_i` are the n terms L and w_k Ω_k, averaged over some steps since the batches differ: the weights
    change after each such window. The λ of the paper sum to 1, these to n, so that equal slopes leave every γ_k as it
    is given.

    Units: none, but slopes compare only for terms of like size: choose the w_k so.

    Source: Heydari, Thompson and Mehmood 2019, arXiv 1912.12355.

    Args:
        names: The constraints.
        sharpness: β; above 0 slower terms gain, and the more so the larger it is.
        window: Steps over which the terms are averaged.

    Raises:
        ValueError: There is no step in the window.

    Example:
        >>> weighting = SoftAdapt(["energy"], sharpness=2.0, window=1)
        >>> start = weighting(torch.tensor([1.0, 1.0]), {"energy": 1.0})
        >>> weighting(torch.tensor([0.7, 0.9]), {"energy": 1.0})
        {'loss': tensor(0.5379), 'energy': tensor(1.4621)}
    """

    def __init__(self, names: Sequence[str], sharpness: float = 1.0, window: int = 10) -> None:
        super().__init__()
        if window < 1:
            raise ValueError(f"expected a window of at least one step, got {window}: raise it")
        self.sharpness, self.window = sharpness, window
        self.register_buffer("factors", torch.ones(len(names) + 1))
        self.register_buffer("sum", torch.zeros(len(names) + 1))
        self.register_buffer("last", torch.full((len(names) + 1,), torch.nan))
        self.register_buffer("step", torch.tensor(0))

    def forward(self, terms: Tensor, weights: dict[str, float]) -> dict[str, Tensor]:
        """Return γ by name. Shapes: terms (L, w_1 Ω_1, …)."""
        if self.training:
            self._advance(terms.detach().to(self.factors.dtype))
        return gammas(self.factors, weights)

    @torch.no_grad()
    def _advance(self, terms: Tensor) -> None:
        self.sum += terms
        self.step += 1
        if int(self.step) % self.window:
            return
        mean = self.sum / self.window
        slopes = mean - self.last
        if slopes.isfinite().all():  # there was a window before
            slopes = slopes / slopes.abs().sum().clamp(min=torch.finfo(slopes.dtype).tiny)
            self.factors.copy_(len(terms) * torch.softmax(self.sharpness * slopes, dim=0))
        self.last.copy_(mean)
        self.sum.zero_()
