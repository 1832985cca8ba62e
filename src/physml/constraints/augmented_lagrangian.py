"""Constraints that are met in the end, or up to a tolerance: multipliers grow until they are."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from physml.constraints.factors import gammas


class AugmentedLagrangian(nn.Module):
    r"""The method of multipliers for the root of each penalty, as an equality or up to a tolerance.

    .. math::
        \min_w L \quad \text{with} \quad c_k = \sqrt{w_k \Omega_k + \epsilon^2}
            - \sqrt{w_k \tau_k^2 + \epsilon^2} \le 0; \qquad
        J = L + \frac14 \sum_k \left[ \max(0, \lambda_k + 2 c_k)^2 - \lambda_k^2 \right], \qquad
        \lambda_k \leftarrow \max(0, \lambda_k + 2 \bar c_k)

    As Ω_k ≥ 0, a tolerance of 0 makes it the equality Ω_k = 0. Where a fixed weight compromises between L and Ω_k, here
    the constraint is met with a finite multiplier; where it is met without one, λ_k = 0. ε rounds the kink that the
    root has at 0, so that violations far below it count little. The multipliers start at 0, so that without a tolerance
    γ_k ≈ w_k at first, and change after each period, by the mean violation in it; without end, if a constraint cannot
    be met: give it a tolerance then. The gradient of J is that of L + Σ γ_k Ω_k with the γ_k held, and this sum is what
    is reported as J:

    .. math:: \gamma_k = w_k \frac{\max(0, \lambda_k + 2 c_k)}{2 \sqrt{w_k \Omega_k + \epsilon^2}}

    Units: τ_k in those of the root of Ω_k, ε in those of the root of w_k Ω_k.

    Source: Hestenes 1969, doi 10.1007/BF00927673; Rockafellar 1973, doi 10.1007/BF00934777 (inequalities); Lu et al.
    2021, arXiv 2102.04626 (for networks, with a multiplier at each point instead of one for each penalty).

    Args:
        names: The constraints.
        tolerances: τ_k by the constraint's name; 0 where there is none.
        period: Steps from one change of the multipliers to the next.
        resolution: ε.

    Raises:
        ValueError: There is no such constraint, a tolerance is negative, the resolution is not positive, or there is no
            step in a period.

    Example:
        >>> weighting = AugmentedLagrangian(["energy"], tolerances={"energy": 0.5}, period=1, resolution=1e-6)
        >>> weighting(torch.tensor([9.0, 4.0]), {"energy": 1.0})  # λ = 0 and c = 1.5
        {'loss': tensor(1.), 'energy': tensor(0.7500)}
        >>> weighting.multipliers
        tensor([3.])
    """

    def __init__(
        self,
        names: Sequence[str],
        tolerances: Mapping[str, float] | None = None,
        period: int = 100,
        resolution: float = 0.01,
    ) -> None:
        super().__init__()
        tolerances = dict(tolerances or {})
        if unknown := set(tolerances) - set(names):
            raise ValueError(
                f"expected tolerances of {', '.join(names) or 'nothing'}, got one of {', '.join(unknown)}: rename it"
            )
        if period < 1 or resolution <= 0 or min(tolerances.values(), default=0) < 0:
            raise ValueError(
                "expected tolerances from 0 on, a period from 1 on and a resolution above 0, "
                f"got {tolerances}, {period} and {resolution}: raise them"
            )
        self.tolerances = [tolerances.get(name, 0.0) for name in names]
        self.period, self.resolution = period, resolution
        self.register_buffer("multipliers", torch.zeros(len(names)))
        self.register_buffer("sum", torch.zeros(len(names)))
        self.register_buffer("step", torch.tensor(0))

    @torch.no_grad()
    def forward(self, terms: Tensor, weights: dict[str, float]) -> dict[str, Tensor]:
        """Return γ by name. Shapes: terms (L, w_1 Ω_1, …)."""
        bounds = terms.new_tensor([w * t**2 for w, t in zip(weights.values(), self.tolerances, strict=True)])
        root, bound = (torch.sqrt(each + self.resolution**2) for each in (terms[1:], bounds))
        pull = (self.multipliers + 2 * (root - bound)).clamp(min=0)
        factors = torch.cat([terms.new_ones(1), pull / (2 * root)])
        if self.training:
            self._advance(root - bound)
        return gammas(factors, weights)

    def _advance(self, excess: Tensor) -> None:
        self.sum += excess
        self.step += 1
        if int(self.step) % self.period == 0:
            self.multipliers.copy_((self.multipliers + 2 * self.sum / self.period).clamp(min=0))
            self.sum.zero_()
