"""The squared error of a reconstruction among other parts of a prediction."""

from typing import Protocol

from torch import Tensor, nn


class Reconstructed(Protocol):
    """What the loss reads of a prediction."""

    reconstruction: Tensor


class ReconstructionError(nn.Module):
    r"""Mean squared error of what was encoded and decoded.

    .. math:: L = \langle \lVert x - \hat x \rVert^2 \rangle / \text{features}

    Units: those of x, squared.

    Shapes: prediction with ``reconstruction`` (events, features), x (events, features) → scalar

    Raises:
        ValueError: The prediction has no reconstruction.
    """

    def forward(self, prediction: Reconstructed, x: Tensor) -> Tensor:
        """Return L of a batch."""
        if not hasattr(prediction, "reconstruction"):
            raise ValueError(
                f"expected a prediction with a reconstruction, got a {type(prediction).__name__}: "
                "use network=sindy_autoencoder, or loss=mse"
            )
        return (prediction.reconstruction - x).square().mean()
