"""How far the energy that fractions give to showers is from what these left."""

import torch
from torch import Tensor

from physml.ops.segments import segment_sum


def response_deviation(prediction: Tensor, target: Tensor, energy: Tensor, offsets: Tensor) -> tuple[Tensor, Tensor]:
    r"""Return R − 1 of each event's showers, and which of these left any energy; of the others it is 0.

    .. math:: R_{ek} - 1 = \frac{\sum_{i \in e} E_i (p_{ik} - t_{ik})}{\sum_{i \in e} E_i t_{ik}}

    Units: dimensionless; `energy` in any unit.

    Shapes: prediction p and target t (points, showers), energy E (points,), offsets (events + 1,)
        → (events, showers) twice

    Raises:
        ValueError: prediction and target differ in shape.
    """
    if prediction.shape != target.shape:
        raise ValueError(
            f"expected fractions of shape {tuple(target.shape)}, got {tuple(prediction.shape)}: "
            "give the network one output a shower"
        )
    error = segment_sum(energy[:, None] * (prediction - target), offsets)
    true = segment_sum(energy[:, None] * target, offsets)
    seen = true > 0
    return torch.where(seen, error / true.where(seen, 1), 0), seen
