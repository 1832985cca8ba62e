"""A prediction stays between bounds."""

from torch import Tensor, nn


class Bounds(nn.Module):
    r"""Mean squared excess over the bounds, in units of their distance.

    .. math::
        \Omega = \left\langle \frac{\max(0, y_{min} - \hat y)^2 + \max(0, \hat y - y_{max})^2}{(y_{max} - y_{min})^2}
        \right\rangle

    Units: dimensionless; bounds in the unit of the prediction.

    Args:
        lower: :math:`y_{min}`.
        upper: :math:`y_{max}`.
        weight: γ, the weight of Ω in the objective.

    Shapes:
        prediction (…) → scalar

    Raises:
        ValueError: The lower bound is not below the upper one.

    Example:
        >>> import torch
        >>> float(Bounds(lower=0.0, upper=2.0)(torch.tensor([1.0, 4.0])))
        0.5
    """

    def __init__(self, lower: float = 0.0, upper: float = 1.0, weight: float = 1.0) -> None:
        super().__init__()
        if not lower < upper:
            raise ValueError(f"expected lower < upper, got {lower} and {upper}: exchange them")
        self.lower, self.upper, self.weight = lower, upper, weight

    def forward(self, prediction: Tensor) -> Tensor:
        """Return Ω of a batch."""
        return self.residual(prediction).square().mean()

    def residual(self, prediction: Tensor) -> Tensor:
        """Return the excess of each number."""
        excess = (self.lower - prediction).clamp(min=0) + (prediction - self.upper).clamp(min=0)
        return excess / (self.upper - self.lower)
