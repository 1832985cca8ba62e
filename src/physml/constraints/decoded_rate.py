"""The field decoded from coordinates changes as measured if these obey their law."""

from typing import Protocol

from torch import Tensor, nn


class DecodedRates(Protocol):
    """What the law reads of a prediction."""

    decoded_rate: Tensor


class DecodedRate(nn.Module):
    r"""Mean squared error of the rate of change of a field by the law of its coordinates.

    .. math:: \Omega = \Big\langle \Big( \dot x - \frac{\partial d}{\partial z}\, \Theta(z)\, \Xi \Big)^2 \Big\rangle

    Units: those of the rate, squared.

    Source: Champion, Lusch, Kutz and Brunton 2019, doi 10.1073/pnas.1906995116.

    Args:
        weight: γ, the weight of Ω in the objective.

    Shapes: prediction with ``decoded_rate`` (events, features), y the measured rate (events, features) → scalar
    """

    def __init__(self, weight: float = 1.0) -> None:
        super().__init__()
        self.weight = weight

    def forward(self, prediction: DecodedRates, y: Tensor) -> Tensor:
        """Return Ω of a batch."""
        return self.residual(prediction, y).square().mean()

    def residual(self, prediction: DecodedRates, y: Tensor) -> Tensor:
        """Return the error of each value. Shapes: (events, features)."""
        return prediction.decoded_rate - y
