"""Fractions of a whole sum to one."""

from torch import Tensor, nn


class SumToOne(nn.Module):
    r"""Mean squared deviation of the sum over the last dimension from one.

    .. math:: \Omega = \left\langle \Big(\sum_k \hat y_k - 1\Big)^2 \right\rangle

    Units: dimensionless.

    Args:
        weight: γ, the weight of Ω in the objective.

    Shapes:
        prediction (…, parts) → scalar

    Example:
        >>> import torch
        >>> float(SumToOne()(torch.tensor([[0.25, 0.75], [1.0, 1.0]])))
        0.5
    """

    def __init__(self, weight: float = 1.0) -> None:
        super().__init__()
        self.weight = weight

    def forward(self, prediction: Tensor) -> Tensor:
        """Return Ω of a batch."""
        return (prediction.sum(-1) - 1).square().mean()
