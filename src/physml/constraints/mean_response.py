"""Showers are given their energy on average."""

from torch import Tensor, nn

from physml.ops.energy_response import response_deviation


class MeanResponse(nn.Module):
    r"""Squared deviation from one of the mean response of a batch, shower by shower.

    .. math::
        \Omega = \left\langle \left( \langle R_k \rangle_e - 1 \right)^2 \right\rangle_k, \qquad
        R_{ek} = \frac{\sum_{i \in e} E_i p_{ik}}{\sum_{i \in e} E_i t_{ik}}

    Where `physml.constraints.visible_energy.VisibleEnergy` narrows the response of each shower, this law moves its
    mean, by whatever costs the loss least. The mean of the n showers of a batch scatters by σ_R / √n, so that Ω is on
    average (⟨R⟩ − 1)² + σ_R² / n: it narrows the response, too, the more the smaller the batches are. A shower that
    left no energy has no response; if none left any, Ω is zero.

    Units: dimensionless; `energy` in any unit.

    Source: the mean response, a figure of merit of Qasim, Kieseler, Iiyama and Pierini 2019, arXiv 1902.07987.

    Args:
        weight: γ, the weight of Ω in the objective.

    Shapes:
        prediction p and target t (points, showers), energy E (points,), offsets (events + 1,) → scalar

    Raises:
        ValueError: prediction and target differ in shape.

    Example:
        >>> import torch
        >>> target, energy, offsets = torch.ones(2, 1), torch.ones(2), torch.tensor([0, 1, 2])
        >>> law = MeanResponse()
        >>> float(law(torch.tensor([[0.5], [1.5]]), target, energy, offsets))
        0.0
        >>> float(law(torch.tensor([[0.5], [0.5]]), target, energy, offsets))
        0.25
    """

    def __init__(self, weight: float = 1.0) -> None:
        super().__init__()
        self.weight = weight

    def forward(self, prediction: Tensor, target: Tensor, energy: Tensor, offsets: Tensor) -> Tensor:
        """Return Ω of a batch."""
        deviation, seen = response_deviation(prediction, target, energy, offsets)
        return (deviation.sum(0) / seen.sum(0).clamp(min=1)).square().mean()
