"""Weights by the relative progress of the terms, with random looks back to the start of the training."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from physml.constraints.factors import gammas


class Relobralo(nn.Module):
    r"""ReLoBRaLo: a term that has fallen less than the others, since the last step or since the first, gains weight.

    .. math::
        \hat\lambda_i(t, t') = n \operatorname{softmax}_i \frac{L_i(t)}{\tau L_i(t')}, \qquad
        \lambda(t) = \alpha \left[ \rho\, \lambda(t - 1) + (1 - \rho)\, \hat\lambda(t, 0) \right]
            + (1 - \alpha)\, \hat\lambda(t, t - 1)

    :math:`L_i` are the n terms L and w_k Ω_k; their λ sum to n, and do not change when a term changes its unit. ρ is 0
    or 1 at random. It is drawn from the number of the step, so that a resumed training draws as an uninterrupted one.

    Units: none.

    Source: Bischof and Kraus 2021, arXiv 2110.09813.

    Args:
        names: The constraints.
        temperature: τ; the lower, the more a term that lags behind counts.
        memory: α, how much of the weights is kept from one step to the next.
        lookback: The mean of ρ, the part of the steps that do not look back to the first.

    Raises:
        ValueError: The temperature is not positive, or a part is not within 0 and 1.

    Example:
        >>> weighting = Relobralo(["energy"], memory=0.0)
        >>> start = weighting(torch.tensor([1.0, 1.0]), {"energy": 1.0})
        >>> weighting(torch.tensor([0.9, 1.0]), {"energy": 1.0})
        {'loss': tensor(0.5379), 'energy': tensor(1.4621)}
    """

    def __init__(
        self, names: Sequence[str], temperature: float = 0.1, memory: float = 0.999, lookback: float = 0.99
    ) -> None:
        super().__init__()
        if temperature <= 0 or not 0 <= memory <= 1 or not 0 <= lookback <= 1:
            raise ValueError(
                "expected temperature > 0, memory and lookback from 0 to 1, "
                f"got {temperature}, {memory} and {lookback}: correct them"
            )
        self.temperature, self.memory, self.lookback = temperature, memory, lookback
        self.register_buffer("factors", torch.ones(len(names) + 1))
        self.register_buffer("first", torch.ones(len(names) + 1))
        self.register_buffer("last", torch.ones(len(names) + 1))
        self.register_buffer("step", torch.tensor(0))

    def forward(self, terms: Tensor, weights: dict[str, float]) -> dict[str, Tensor]:
        """Return γ by name. Shapes: terms (L, w_1 Ω_1, …)."""
        if self.training:
            self._advance(terms.detach().to(self.factors.dtype))
        return gammas(self.factors, weights)

    @torch.no_grad()
    def _advance(self, terms: Tensor) -> None:
        step = int(self.step)
        if step == 0:
            self.first.copy_(terms)
        else:
            kept = torch.rand((), generator=torch.Generator().manual_seed(step)) < self.lookback
            past = self.factors if kept else self._balanced(terms, self.first)
            self.factors.copy_(self.memory * past + (1 - self.memory) * self._balanced(terms, self.last))
        self.last.copy_(terms)
        self.step += 1

    def _balanced(self, terms: Tensor, before: Tensor) -> Tensor:
        ratio = terms / before.clamp(min=torch.finfo(terms.dtype).tiny)  # a constraint that is off has 0 / 0 = 0
        return len(terms) * torch.softmax(ratio / self.temperature, dim=0)
