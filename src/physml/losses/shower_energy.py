"""Loss for the energy fractions of overlapping showers, weighted by energy."""

from torch import Tensor, nn

from physml.ops.segments import segment_sum


class ShowerEnergyLoss(nn.Module):
    r"""Squared error of the fractions, each sensor weighted by the root of the energy that the shower left in it.

    .. math::
        L = \left\langle \sum_k
        \frac{\sum_i \sqrt{E_i t_{ik}}\,(p_{ik} - t_{ik})^2}{\sum_i \sqrt{E_i t_{ik}}} \right\rangle_{events}

    The sums run over the sensors i of an event and its showers k. A shower without any energy contributes zero.

    Units: dimensionless; `energy` in any unit.

    Source: Qasim, Kieseler, Iiyama and Pierini 2019, arXiv 1902.07987.

    Shapes:
        prediction p and target t (points, showers), energy E (points,), offsets (events + 1,) → scalar

    Raises:
        ValueError: prediction and target differ in shape.
    """

    def forward(self, prediction: Tensor, target: Tensor, energy: Tensor, offsets: Tensor) -> Tensor:
        """Return L of a batch."""
        if prediction.shape != target.shape:
            raise ValueError(
                f"expected fractions of shape {tuple(target.shape)}, got {tuple(prediction.shape)}: "
                "give the network one output a shower"
            )
        weight = (energy[:, None] * target).sqrt()
        error = segment_sum(weight * (prediction - target).square(), offsets)
        norm = segment_sum(weight, offsets)
        return (error / norm.where(norm > 0, 1)).sum(1).mean()
