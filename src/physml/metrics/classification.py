"""Figures of merit of a classifier, event by event."""

import torch
from torch import Tensor


def correct(prediction: Tensor, target: Tensor) -> Tensor:
    """Return 1 for each event whose largest output is that of its class, else 0; the mean is the accuracy.

    It is NaN where an output is: a diverged network is to be seen.

    Args:
        prediction: Scores of the classes, on any increasing scale.
        target: Number of the true class.

    Shapes:
        prediction (events, classes), target (events,) int64 → (events,)

    Example:
        >>> correct(torch.tensor([[0.2, 0.8], [0.6, 0.4]]), torch.tensor([1, 1]))
        tensor([1., 0.])
    """
    found = (prediction.argmax(-1) == target).to(prediction.dtype)
    return found.masked_fill(prediction.isnan().any(-1), torch.nan)
