"""A convolutional autoencoder of images."""

import math
from itertools import pairwise

from torch import Tensor, nn

from physml.networks.batch_norm import BatchNorm


class Autoencoder(nn.Module):
    r"""Reconstruct an image from a few numbers.

    .. math:: \hat x = d(e(x)), \qquad e: \mathbb R^{C \times H \times W} \to \mathbb R^n

    Trained on one kind of image it reconstructs others badly, so that the error of the reconstruction tells them apart.

    Source: M. Farina, Y. Nakai, D. Shih 2018, arXiv 1808.08992; T. Heimel, G. Kasieczka, T. Plehn, J. Thompson 2018,
    arXiv 1808.08979. Layers are ours.

    Args:
        in_shape: Shape (C, H, W) of one image.
        latent: Dimension n of the latent space.
        channels: Channels after each stage of the encoder; each halves height and width.

    Shapes:
        x (events, C, H, W) → (events, C, H, W)

    Raises:
        ValueError: Height or width cannot be halved as often as there are stages.
    """

    def __init__(self, in_shape: list[int], latent: int = 8, channels: list[int] = [8, 16, 32]) -> None:  # noqa: B006
        super().__init__()
        self.encoder = encoder(in_shape, channels, latent)
        self.decoder = decoder(in_shape, channels, latent)

    def forward(self, x: Tensor) -> Tensor:
        """Return the reconstruction of x."""
        return self.decode(self.encode(x))

    def encode(self, x: Tensor) -> Tensor:
        """Return the latent numbers of x, shape (events, n)."""
        return self.encoder(x)

    def decode(self, z: Tensor) -> Tensor:
        """Return the image of latent numbers z."""
        return self.decoder(z)


def encoder(in_shape: list[int], channels: list[int], features: int, hidden: int = 64) -> nn.Sequential:
    """Return layers from images to `features` numbers: a strided convolution per stage, and two dense layers.

    Shapes:
        (events, C, H, W) → (events, features)

    Raises:
        ValueError: Height or width cannot be halved as often as there are stages.
    """
    last = _last_shape(in_shape, channels)
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise([in_shape[0], *channels]):
        convolution = nn.Conv2d(fan_in, fan_out, kernel_size=3, stride=2, padding=1, bias=False)
        layers += [convolution, BatchNorm(fan_out), nn.SiLU()]
    return nn.Sequential(
        *layers, nn.Flatten(), nn.Linear(math.prod(last), hidden), nn.SiLU(), nn.Linear(hidden, features)
    )


def decoder(in_shape: list[int], channels: list[int], features: int, hidden: int = 64) -> nn.Sequential:
    """Return layers from `features` numbers to images: the stages of :func:`encoder` backwards.

    Shapes:
        (events, features) → (events, C, H, W)

    Raises:
        ValueError: Height or width cannot be halved as often as there are stages.
    """
    last = _last_shape(in_shape, channels)
    layers: list[nn.Module] = [nn.Linear(features, hidden), nn.SiLU(), nn.Linear(hidden, math.prod(last))]
    layers.append(nn.Unflatten(1, last))
    for fan_in, fan_out in pairwise(channels[::-1]):
        convolution = nn.ConvTranspose2d(fan_in, fan_out, kernel_size=4, stride=2, padding=1, bias=False)
        layers += [nn.SiLU(), convolution, BatchNorm(fan_out)]
    layers += [nn.SiLU(), nn.ConvTranspose2d(channels[0], in_shape[0], kernel_size=4, stride=2, padding=1)]
    return nn.Sequential(*layers)


def _last_shape(in_shape: list[int], channels: list[int]) -> tuple[int, int, int]:
    """Return the shape after the last stage of the encoder."""
    _, height, width = in_shape
    factor = 2 ** len(channels)
    if height % factor or width % factor:
        raise ValueError(
            f"expected height and width divisible by {factor}, got {height} × {width}: "
            f"change the number of pixels, or use other than {len(channels)} stages in network.channels"
        )
    return channels[-1], height // factor, width // factor
