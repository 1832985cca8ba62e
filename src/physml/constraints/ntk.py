"""Weights that let all terms converge at the same rate, by their neural tangent kernels."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from physml.constraints.factors import beyond_rounding, gammas
from physml.ops.named import call


class NeuralTangentKernel(nn.Module):
    r"""Terms are weighted by the inverse of the mean eigenvalue of their neural tangent kernel.

    .. math::
        \lambda_i = \frac{\sum_j \kappa_j}{\kappa_i}, \qquad
        \kappa_i = \frac{\operatorname{tr} K_i}{N_i}
            = \frac{1}{N_i} \sum_n \left\lVert \frac{\partial r_{in}}{\partial w} \right\rVert^2

    :math:`L_i = \langle r_{in}^2 \rangle_n` are L and the w_k Ω_k; under gradient descent, K_i / N_i says how fast
    their residuals shrink. So this works only with means of squares: constraints with a ``residual``, and as L the mean
    squared error or an equation. The trace is that of the gradient of a random sum of the residuals (Hutchinson), whose
    squared length it is on average, and is averaged over such draws. A draw is made from the number of the step, so
    that a resumed training draws as an uninterrupted one; it costs a pass forward, and one backward for each term.
    Constraints that hold to rounding (`physml.constraints.factors.beyond_rounding`), and whose κ are also rounding
    errors beside the largest, are left out.

    Units: none; the λ undo those of the terms.

    Source: Wang, Yu and Perdikaris 2022, arXiv 2007.14527; Hutchinson 1990, doi 10.1080/03610919008812866 (trace).

    Args:
        names: The constraints.
        memory: How much of the κ is kept from one draw to the next.
        period: Steps from one draw to the next.

    Raises:
        ValueError: A term is no mean of squares of residuals, the memory is not within 0 and 1, or there is no step in
            a period.
    """

    def __init__(self, names: Sequence[str], memory: float = 0.9, period: int = 10) -> None:
        super().__init__()
        if not 0 <= memory < 1 or period < 1:
            raise ValueError(
                f"expected a memory from 0 to below 1 and a period from 1 on, got {memory} and {period}: correct them"
            )
        self.memory, self.period = memory, period
        self.register_buffer("rates", torch.ones(len(names) + 1))
        self.register_buffer("step", torch.tensor(0))

    def forward(
        self,
        terms: Tensor,
        weights: dict[str, float],
        penalties: Mapping[str, Tensor],
        laws: Mapping[str, nn.Module],
        arrays: Mapping[str, Any],
        gradients: Callable[[Tensor], Tensor],
    ) -> dict[str, Tensor]:
        """Return γ by name."""
        step = int(self.step)
        if step == 0 or (self.training and step % self.period == 0):
            # Before the training, too, to refuse what has none.
            residuals = [residual(law, arrays, penalties.get(name)) for name, law in laws.items()]
            if self.training:
                self._draw(step, weights, residuals, gradients, beyond_rounding(terms, weights))
        if self.training:
            self.step += 1
        acts = self.rates > 0
        return gammas(torch.where(acts, self.rates.sum() / self.rates.where(acts, 1), 0), weights)

    def _draw(
        self,
        step: int,
        weights: dict[str, float],
        residuals: list[Tensor],
        gradients: Callable[[Tensor], Tensor],
        counts: Tensor,
    ) -> None:
        # Gradients are means over the processes: independent draws scale all κ alike, which cancels in λ.
        several = torch.distributed.is_initialized()
        rank, size = (torch.distributed.get_rank(), torch.distributed.get_world_size()) if several else (0, 1)
        generator = torch.Generator().manual_seed(step * size + rank)
        scales = [w**0.5 for w in (1.0, *weights.values())]
        sums = []
        for scale, r in zip(scales, residuals, strict=True):
            signs = torch.randint(2, r.shape, generator=generator).to(r) * 2 - 1
            sums.append(scale * (signs * r).sum() / r.numel() ** 0.5)
        drawn = gradients(torch.stack(sums)).square().sum(dim=1)
        counts = counts | (drawn > torch.finfo(drawn.dtype).eps * drawn.max())
        known = (self.rates > 0) if step else torch.zeros_like(counts)
        averaged = torch.where(known, self.memory * self.rates + (1 - self.memory) * drawn, drawn)
        self.rates.copy_(torch.where(counts, averaged, 0))


def residual(law: nn.Module, arrays: Mapping[str, Any], term: Tensor | None = None) -> Tensor:
    """Return the real numbers whose mean square a term is.

    Args:
        law: The loss or the constraint.
        arrays: What it reads.
        term: Its value, by which the numbers are scaled: a law may add the squares at each point up; None if it is
            their mean.

    Raises:
        ValueError: There are none.
    """
    if hasattr(law, "residual"):
        found = call(law.residual, arrays)
    elif isinstance(law, nn.MSELoss):
        found = arrays["prediction"] - arrays["target"]
    else:
        raise ValueError(
            f"NeuralTangentKernel expected terms that are means of squares of a residual, got {type(law).__name__}: "
            "choose another weighting"
        )
    real = torch.view_as_real(found) if found.is_complex() else found
    if term is None:
        return real
    size = real.detach().square().mean()
    return torch.where(size > 0, term.detach() / size, 1).sqrt() * real
