"""Anomaly scores, event by event."""

from typing import Any

from torch import Tensor


def reconstruction_error(prediction: Any, target: Tensor) -> Tensor:
    r"""Return how badly an event is reconstructed.

    .. math:: s = \frac{1}{D} \sum_i (\hat x_i - x_i)^2

    A network that was trained on background alone reconstructs other events worse, or so one hopes: it may also do well
    on anything that is simpler than what it knows (T. Finke et al. 2021, arXiv 2104.09051).

    Units: those of the data, squared.

    Source: T. Heimel et al. 2018, arXiv 1808.08979; M. Farina, Y. Nakai, D. Shih 2018, arXiv 1808.08992.

    Args:
        prediction: Reconstructed image, or a record that holds it as ``image`` (see :func:`image_of`).
        target: True image.

    Shapes:
        (events, …), (events, …) → (events,)

    Example:
        >>> import torch
        >>> reconstruction_error(torch.zeros(2, 1, 2, 2), torch.ones(2, 1, 2, 2))
        tensor([1., 1.])
    """
    return (image_of(prediction) - target).square().flatten(1).mean(1)


def image_of(prediction: Any) -> Tensor:
    """Return the reconstructed image of a prediction: its ``image`` if it is a record with more in it, else itself."""
    return getattr(prediction, "image", prediction)
