"""Figures of merit of a classifier, event by event."""

from torch import Tensor


def correct(prediction: Tensor, target: Tensor) -> Tensor:
    """Return 1 for each event whose largest output is that of its class, else 0; the mean is the accuracy.

    Args:
        prediction: Scores of the classes, on any increasing scale.
        target: Number of the true class.

    Shapes:
        prediction (events, classes), target (events,) int64 → (events,)

    Example:
        >>> import torch
        >>> correct(torch.tensor([[0.2, 0.8], [0.6, 0.4]]), torch.tensor([1, 1]))
        tensor([1., 0.])
    """
    return (prediction.argmax(-1) == target).to(prediction.dtype)
