"""A variational autoencoder of images."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from physml.networks.autoencoder import decoder, encoder


class Reconstruction(NamedTuple):
    """What a variational autoencoder gives.

    Args:
        image: Decoded image, the mean of p(x|z), shape (events, C, H, W).
        mean: Mean μ of the latent numbers, shape (events, n).
        log_variance: Logarithm of their variance σ², shape (events, n).
    """

    image: Tensor
    mean: Tensor
    log_variance: Tensor


class VariationalAutoencoder(nn.Module):
    r"""Encode an image as a Gaussian in a latent space where the sample as a whole is standard normal.

    .. math::
        q(z|x) = \mathcal N\bigl(z; \mu(x), \operatorname{diag} \sigma^2(x)\bigr), \qquad
        \hat x = d(z), \qquad z = \mu + \sigma \epsilon, \quad \epsilon \sim \mathcal N(0, 1)

    In training z is drawn; in evaluation it is the mean μ, so that a reconstruction is the same each time. New images
    come from decoding standard normal z. To be trained with :class:`physml.losses.evidence.Evidence`.

    Source: D. P. Kingma and M. Welling 2013, arXiv 1312.6114.

    Args:
        in_shape: Shape (C, H, W) of one image.
        latent: Dimension n of the latent space.
        channels: Channels after each stage of the encoder; each halves height and width.

    Shapes:
        x (events, C, H, W) → :class:`Reconstruction`

    Raises:
        ValueError: Height or width cannot be halved as often as there are stages.
    """

    def __init__(self, in_shape: list[int], latent: int = 8, channels: list[int] = [8, 16, 32]) -> None:  # noqa: B006
        super().__init__()
        self.latent = latent
        self.encoder = encoder(in_shape, channels, 2 * latent)
        self.decoder = decoder(in_shape, channels, latent)

    def forward(self, x: Tensor) -> Reconstruction:
        """Return the reconstruction of x with its latent mean and log-variance."""
        mean, log_variance = self.encode(x)
        z = mean + torch.exp(log_variance / 2) * torch.randn_like(mean) if self.training else mean
        return Reconstruction(self.decode(z), mean, log_variance)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean μ and log-variance log σ² of q(z|x), each of shape (events, n)."""
        mean, log_variance = self.encoder(x).chunk(2, dim=-1)
        return mean, log_variance

    def decode(self, z: Tensor) -> Tensor:
        """Return the image of latent numbers z."""
        return self.decoder(z)

    @torch.no_grad()
    def sample(self, count: int, generator: torch.Generator | None = None) -> Tensor:
        """Return images of `count` standard normal z, shape (count, C, H, W); `generator` must be on the CPU."""
        weight = next(self.parameters())
        z = torch.randn(count, self.latent, generator=generator, dtype=weight.dtype)
        return self.decode(z.to(weight.device))
