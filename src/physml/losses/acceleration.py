"""The loss of predicted next positions of particles."""

from torch import Tensor, nn


class AccelerationLoss(nn.Module):
    r"""Mean squared error of the acceleration that leads to the predicted next position, in units of gravity.

    .. math:: L = \left\langle \left( \frac{\hat x^{t+1} - x^{t+1}}{g\, \Delta t^2} \right)^2 \right\rangle

    At given x and v the error of the next position is the error of the acceleration times Δt²; positions themselves
    hardly change from frame to frame, and their squared errors would be lost beside Adam's ε.

    Units: dimensionless.

    Args:
        dt: Time Δt between two frames.
        gravity: g.

    Shapes:
        prediction (points, space), target (points, space) → scalar

    Raises:
        ValueError: Δt or g is not positive.

    Example:
        >>> import torch
        >>> round(float(AccelerationLoss(dt=0.1)(torch.tensor([[0.52]]), torch.tensor([[0.5]]))), 4)
        4.0
    """

    def __init__(self, dt: float, gravity: float = 1.0) -> None:
        super().__init__()
        if not (dt > 0 and gravity > 0):
            raise ValueError(f"expected dt > 0 and gravity > 0, got {dt:g} and {gravity:g}: give those of the data")
        self.scale = gravity * dt**2

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Return L of a batch."""
        return ((prediction - target) / self.scale).square().mean()
