"""The weights γ_k of the constraints, held fixed."""

from torch import Tensor, nn


class FixedWeighting(nn.Module):
    r"""Every constraint keeps the weight it was given.

    .. math:: \gamma_k(t) = w_k

    Units: none, as the penalties Ω_k are dimensionless.

    Example:
        >>> FixedWeighting()({"energy": 0.5}, penalties={}, progress=0.1)
        {'energy': 0.5}
    """

    def forward(self, weights: dict[str, float], penalties: dict[str, Tensor], progress: float) -> dict[str, float]:
        """Return γ_k by the constraint's name.

        Args:
            weights: w_k, the ``weight`` of each constraint by name.
            penalties: Ω_k of this batch by name; not used here.
            progress: t, the part of the training that is done, 0 to 1; not used here.
        """
        return dict(weights)
