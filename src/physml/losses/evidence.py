"""The negative evidence lower bound of a variational autoencoder."""

import math
from typing import Protocol

import torch
from torch import Tensor, nn


class LatentGaussian(Protocol):
    """What the loss reads of a prediction: a decoded image and a Gaussian in the latent space."""

    image: Tensor
    mean: Tensor
    log_variance: Tensor


class Evidence(nn.Module):
    r"""Negative evidence lower bound, per event: an upper bound of −log p(x) for β = 1.

    .. math::
        L = \Bigl\langle -\log \mathcal N\bigl(x; \hat x, s^2\bigr)
        + \beta\, D_\mathrm{KL}\bigl[ \mathcal N(\mu, \sigma^2) \,\Vert\, \mathcal N(0, 1) \bigr]
        \Bigr\rangle_\text{events}

    The first term is that of a Gaussian of width s for each pixel, with one draw of z behind :math:`\hat x`. As the
    logarithm of a density it may well be negative. In evaluation the network decodes the mean of the latent Gaussian
    instead of a draw, and the value is then no bound.

    Units: nats, for targets in the unit of `scale`.

    Source: D. P. Kingma and M. Welling 2013, arXiv 1312.6114, equations 7 and 10; β: I. Higgins et al. 2017, beta-VAE,
    ICLR.

    Args:
        scale: Width s of a pixel's distribution, about the error of a good reconstruction: a larger one leaves more to
            the latent prior and blurs.
        beta: Weight β of the divergence.

    Shapes:
        prediction with ``image`` (events, …), ``mean`` and ``log_variance`` (events, n); target (events, …) → scalar

    Raises:
        ValueError: `scale` is not positive, the prediction has no latent Gaussian, or its image is not of the target's
            shape.
    """

    def __init__(self, scale: float, beta: float = 1.0) -> None:
        super().__init__()
        if scale <= 0:
            raise ValueError(f"expected a scale > 0 of a pixel, got {scale}: give about the error of a good image")
        self.scale, self.beta = scale, beta

    def forward(self, prediction: LatentGaussian, target: Tensor) -> Tensor:
        """Return L of a batch."""
        if not hasattr(prediction, "log_variance"):
            raise ValueError(
                f"expected a prediction with image, mean and log_variance, got a {type(prediction).__name__}: "
                "use network=variational_autoencoder, or loss=mse"
            )
        if prediction.image.shape != target.shape:
            raise ValueError(
                f"expected images of shape {tuple(target.shape)}, got {tuple(prediction.image.shape)}: "
                "set task.network.in_shape to that of the target"
            )
        squared = ((prediction.image - target) / self.scale).square().flatten(1)
        surprise = (squared / 2 + math.log(self.scale * math.sqrt(2 * math.pi))).sum(1)
        return (surprise + self.beta * divergence_from_standard_normal(prediction.mean, prediction.log_variance)).mean()


def divergence_from_standard_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    r"""Return the Kullback–Leibler divergence of diagonal Gaussians from the standard normal one.

    .. math::
        D_\mathrm{KL} = \tfrac12 \sum_j \left( \mu_j^2 + \sigma_j^2 - 1 - \log \sigma_j^2 \right)

    Units: nats.

    Source: D. P. Kingma and M. Welling 2013, arXiv 1312.6114, appendix B.

    Shapes:
        mean μ (events, n), log-variance log σ² (events, n) → (events,)

    Example:
        >>> divergence_from_standard_normal(torch.zeros(1, 3), torch.zeros(1, 3))
        tensor([0.])
    """
    return (mean.square() + torch.expm1(log_variance) - log_variance).sum(-1) / 2
