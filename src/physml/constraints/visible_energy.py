"""Each shower is given back the energy that it left in the sensors."""

from torch import Tensor, nn

from physml.ops.energy_response import response_deviation


class VisibleEnergy(nn.Module):
    r"""Mean squared relative error of the energies that energy fractions give to an event's showers.

    .. math::
        \Omega = \left\langle \left( \frac{\sum_i E_i p_{ik}}{\sum_i E_i t_{ik}} - 1 \right)^2 \right\rangle_{e, k}

    The sums run over the sensors i of an event e, the mean over all showers k that left any energy; without
    such a shower Ω is zero.

    Units: dimensionless; `energy` in any unit.

    Source: the response, a figure of merit of Qasim, Kieseler, Iiyama and Pierini 2019, arXiv 1902.07987.

    Args:
        weight: γ, the weight of Ω in the objective.

    Shapes:
        prediction p and target t (points, showers), energy E (points,), offsets (events + 1,) → scalar

    Raises:
        ValueError: prediction and target differ in shape.

    Example:
        >>> import torch
        >>> target, energy, offsets = torch.eye(2), torch.tensor([2.0, 4.0]), torch.tensor([0, 2])
        >>> float(VisibleEnergy()(torch.tensor([[1.0, 0.0], [0.5, 0.5]]), target, energy, offsets))
        0.625
    """

    def __init__(self, weight: float = 1.0) -> None:
        super().__init__()
        self.weight = weight

    def forward(self, prediction: Tensor, target: Tensor, energy: Tensor, offsets: Tensor) -> Tensor:
        """Return Ω of a batch."""
        deviation, seen = response_deviation(prediction, target, energy, offsets)
        return deviation.square().sum() / seen.sum().clamp(min=1)
