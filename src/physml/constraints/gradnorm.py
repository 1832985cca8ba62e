"""Weights that give all terms gradients of like size."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from physml.constraints.factors import beyond_rounding, gammas


class GradNorm(nn.Module):
    r"""GradNorm: gradients of the weighted terms are equally large, or larger for a term that lags behind.

    .. math::
        \lambda_i \lVert \nabla_w L_i \rVert = \bar G\, r_i^a, \qquad
        r_i = \frac{L_i(t) / L_i(0)}{\langle L_j(t) / L_j(0) \rangle_j}, \qquad \sum_i \lambda_i = n

    :math:`L_i` are the n terms L and w_k Ω_k, and G̅ is what the sum of the λ makes it. The paper takes gradient steps
    of the λ on the sum of :math:`|\lambda_i \lVert \nabla_w L_i \rVert - \bar G\, r_i^a|`; here that is minimised at
    each step, which needs no learning rate, and the λ are averaged over steps. Gradients are by all weights of the
    network instead of those of a last common layer. They cost one pass backward for each term. Constraints that hold to
    rounding (`physml.constraints.factors.beyond_rounding`) are left out.

    Units: none; the λ undo those of the terms, of constraints whose violations are not all below 32 ε.

    Source: Chen, Badrinarayanan, Lee and Rabinovich 2018, arXiv 1711.02257.

    Args:
        names: The constraints.
        restoring: a; 0 makes all gradients equally large.
        memory: How much of the λ is kept from one step to the next.

    Raises:
        ValueError: The memory is not within 0 and 1.
    """

    def __init__(self, names: Sequence[str], restoring: float = 0.5, memory: float = 0.9) -> None:
        super().__init__()
        if not 0 <= memory < 1:
            raise ValueError(f"expected a memory from 0 to below 1, got {memory}: lower it")
        self.restoring, self.memory = restoring, memory
        self.register_buffer("factors", torch.ones(len(names) + 1))
        self.register_buffer("first", torch.zeros(len(names) + 1))
        self.register_buffer("step", torch.tensor(0))

    def forward(
        self, terms: Tensor, weights: dict[str, float], gradients: Callable[[Tensor], Tensor]
    ) -> dict[str, Tensor]:
        """Return γ by name. Shapes: terms (L, w_1 Ω_1, …)."""
        if self.training:
            self._advance(terms.detach(), gradients(terms).norm(dim=1), beyond_rounding(terms, weights))
        return gammas(self.factors, weights)

    @torch.no_grad()
    def _advance(self, terms: Tensor, norms: Tensor, counts: Tensor) -> None:
        memory = self.memory
        if int(self.step) == 0:
            self.first.copy_(torch.where(counts, terms, 0))
            memory = 0.0
        self.step += 1
        progress = torch.where(self.first > 0, terms / self.first, 1)  # what began at 0 has not lagged behind yet
        rate = (progress / progress.mean()).clamp(min=torch.finfo(terms.dtype).tiny)
        acts = counts & (norms > 0)  # a term without a gradient, such as a constraint that is off, has none to balance
        if not acts.any():
            return
        target = torch.where(acts, rate**self.restoring / norms, 0)
        target = acts.sum() * target / target.sum()
        self.factors.copy_(memory * self.factors + (1 - memory) * target)
