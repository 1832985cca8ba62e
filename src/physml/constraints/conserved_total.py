"""A density keeps its total: mass, charge or energy on a grid is moved about, neither made nor lost."""

from torch import Tensor, nn


class ConservedTotal(nn.Module):
    r"""Mean squared relative change of the sum over a grid, from the given to the predicted density.

    .. math::
        \Omega = \left\langle \left( \frac{\sum_i \hat y_{ei} - \sum_i x_{ei}}{\max(|\sum_i x_{ei}|, \epsilon)}
        \right)^2 \right\rangle_{e}

    The sum runs over all points i of an event e on an even grid without flow through its edges. For a charge, whose
    total can be zero, ε is the size that counts as one.

    Units: dimensionless; ε is in the unit of the sums.

    Args:
        floor: ε > 0.
        weight: γ, the weight of Ω in the objective.

    Shapes:
        prediction and x (events, …), alike → scalar

    Raises:
        ValueError: ε is not positive, or prediction and x differ in shape.

    Example:
        >>> import torch
        >>> float(ConservedTotal()(torch.tensor([[1.0, 2.0]]), torch.tensor([[2.0, 0.0]])))
        0.25
    """

    def __init__(self, floor: float = 1e-6, weight: float = 1.0) -> None:
        super().__init__()
        if floor <= 0:
            raise ValueError(f"expected a floor > 0, got {floor}: give a total that counts as one")
        self.floor, self.weight = floor, weight

    def forward(self, prediction: Tensor, x: Tensor) -> Tensor:
        """Return Ω of a batch."""
        if prediction.shape != x.shape:
            raise ValueError(
                f"conserved total expected a prediction of the shape of x, {tuple(x.shape)}, got "
                f"{tuple(prediction.shape)}: use it where a density is mapped to one on the same grid"
            )
        given = x.flatten(1).sum(1)
        change = prediction.flatten(1).sum(1) - given
        return (change / given.abs().clamp(min=self.floor)).square().mean()
