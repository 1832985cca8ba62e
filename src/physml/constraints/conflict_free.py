"""Weights whose step lowers every term."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from physml.constraints.factors import beyond_rounding, gammas


class ConflictFree(nn.Module):
    r"""ConFIG: the gradient of J has the same, positive cosine with the gradient of each term.

    .. math::
        g = \Big( \sum_i g_i \cdot u \Big)\, u, \qquad
        u = \frac{v}{\lVert v \rVert}, \quad v = [\hat g_1, \dots, \hat g_n]^{-\top}\, \mathbf 1, \qquad
        \hat g_i = \frac{g_i}{\lVert g_i \rVert}

    :math:`g_i` are the gradients of L and the w_k Ω_k by the weights of the network, and −⊤ is the pseudoinverse of the
    transpose. As it lies in the span of the :math:`g_i`, g is the gradient of a weighted sum, with

    .. math:: \lambda_i = \Big( \sum_j g_j \cdot u \Big) \frac{(C^+ \mathbf 1)_i}{\lVert v \rVert \lVert g_i \rVert},
              \qquad C_{ij} = \hat g_i \cdot \hat g_j

    so that nothing but weights is needed; they may be negative. Where no direction lowers all terms they are zero.
    It costs one pass backward for each term. Constraints that hold to rounding
    (`physml.constraints.factors.beyond_rounding`) are left out.

    Units: none; the direction of g does not depend on those of the terms, of constraints whose violations are not all
    below 32 ε.

    Source: Liu, Chu and Thuerey 2024, arXiv 2408.11104.

    Args:
        names: The constraints.
    """

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self.register_buffer("factors", torch.ones(len(names) + 1))

    def forward(
        self, terms: Tensor, weights: dict[str, float], gradients: Callable[[Tensor], Tensor]
    ) -> dict[str, Tensor]:
        """Return γ by name; in evaluation those of the last step. Shapes: terms (L, w_1 Ω_1, …)."""
        if self.training:
            counts = beyond_rounding(terms, weights)
            self.factors.copy_(conflict_free_factors(torch.where(counts[:, None], gradients(terms), 0)))
        return gammas(self.factors, weights)


def conflict_free_factors(gradients: Tensor) -> Tensor:
    """Return the λ that combine gradients as `ConflictFree` says. A gradient of zero has no say.

    Shapes: (terms, weights) → (terms,)

    Example:
        >>> conflict_free_factors(torch.tensor([[2.0, 0.0], [0.0, 1.0]])) @ torch.tensor([[2.0, 0.0], [0.0, 1.0]])
        tensor([1.5000, 1.5000])
    """
    tiny = torch.finfo(gradients.dtype).tiny
    norms = gradients.norm(dim=1)
    units = gradients / norms.clamp(min=tiny)[:, None]
    cosines = units @ units.T
    combination = torch.linalg.pinv(cosines, hermitian=True, rtol=1e-5).sum(dim=1)
    along = cosines @ combination  # v · ĝ_i
    length = (combination @ along).clamp(min=0).sqrt()  # of v: at least 1 if there is a common direction
    sum_of_projections = (norms * along).sum() / length
    # Of opposite gradients v is a rounding error; of others that depend on each other it may raise a term.
    helps = (norms > 0) & (length > 1e-3) & ((along > 0) | (norms == 0)).all()
    return torch.where(helps, sum_of_projections * combination / (length * norms), 0)
