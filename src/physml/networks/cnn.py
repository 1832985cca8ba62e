"""A compact residual convolutional network for images."""

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F

from physml.networks.batch_norm import BatchNorm


class CNN(nn.Module):
    r"""Residual stages that each halve the resolution, averaged over the image at the end.

    .. math:: u_{l+1} = \sigma\bigl(P u_l + \mathrm{BN}\,W'\,\sigma(\mathrm{BN}\,W u_l)\bigr),\qquad
              \hat y = W_o \langle u_L \rangle_{\text{pixels}} + b_o

    with 3×3 convolutions W, W′ and the projection P of the skip connection (average over 2×2 pixels and a 1×1
    convolution). The average makes the output nearly independent of where the object is, and the weights of the size of
    the image. Source: He et al. 2016 (arXiv 1512.03385).

    Args:
        in_channels: Channels C of an image.
        classes: Number K of outputs, for instance logits.
        widths: Channels of the stages; the first works at half of the image's resolution.

    Shapes:
        x (events, C, height, width) → (events, K)
    """

    def __init__(self, in_channels: int, classes: int, widths: list[int] = [16, 32, 64]) -> None:  # noqa: B006 - only read
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, widths[0], kernel_size=5, stride=2, padding=2, bias=False),
            BatchNorm(widths[0]),
            nn.SiLU(),
        )
        self.stages = nn.Sequential(*[_HalvingBlock(fan_in, fan_out) for fan_in, fan_out in pairwise(widths)])
        self.head = nn.Linear(widths[-1], classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs of each image."""
        return self.head(self.stages(self.stem(x)).mean((-2, -1)))


class _HalvingBlock(nn.Module):
    def __init__(self, fan_in: int, fan_out: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            nn.Conv2d(fan_in, fan_out, kernel_size=3, stride=2, padding=1, bias=False),
            BatchNorm(fan_out),
            nn.SiLU(),
            nn.Conv2d(fan_out, fan_out, kernel_size=3, padding=1, bias=False),
            BatchNorm(fan_out),
        )
        self.skip = nn.Sequential(nn.AvgPool2d(2, ceil_mode=True), nn.Conv2d(fan_in, fan_out, kernel_size=1))

    def forward(self, u: Tensor) -> Tensor:
        return F.silu(self.skip(u) + self.residual(u))
