"""A convolutional network on irregular sensors that are put into the pixels of a regular grid."""

import torch
from torch import Tensor, nn

from physml.networks.batch_norm import BatchNorm
from physml.networks.points import check_point_features, point_head
from physml.ops.bounds import check_at_least, check_positive
from physml.ops.segments import segment_index


class BinningCNN(nn.Module):
    r"""Put the sensors into a regular grid, convolve it, and let each sensor read the pixel it lies in.

    .. math::
        E_b = \sum_{i \in b} E_i, \quad
        u_b = \left[\ln(1 + E_b),\ \tfrac{1}{E_b} \sum_{i \in b} E_i x_i\right], \quad
        \hat y_i = \mathrm{softmax}\,\mathrm{MLP}\left[x_i,\ \mathrm{CNN}(u)_{b(i)}\right]

    The grid has `bins` × `bins` pixels across z times `layers` along it; u = 0 in an empty pixel. The layers are
    channels of two-dimensional convolutions (a 1×1 convolution, residual blocks of two 3×3 ones, a 1×1 convolution to
    the `read_features` of each layer). The prediction of a sensor does not depend on the order of its event's sensors,
    nor on other events (in training, only through the batch normalisation). Sensors of one pixel differ in x alone.

    Domain: the box is centred on the z axis and begins at z = 0; a sensor on its border belongs to the nearest pixel.
    Units: cm, GeV.

    Source: the binning approach that Qasim, Kieseler, Iiyama and Pierini 2019 compare with, arXiv 1902.07987. The
    default grid is that of their experiments' code (``BinningClusteringEta``), where the sensors of a pixel have a slot
    each and the convolutions are factorised in three dimensions; the sums, the layers and their widths here are ours.

    Args:
        in_features: Features of a sensor.
        out_features: Outputs of a sensor.
        width: Width of the box in x and in y.
        depth: Length of the box in z.
        bins: Pixels along x and along y.
        layers: Pixels along z.
        channels: Channels of the convolutions.
        blocks: Residual blocks.
        read_features: Numbers that a sensor reads from its pixel.
        head_features: Width of the MLP's hidden layer.
        softmax: Whether the outputs are fractions that sum to one.

    Shapes:
        x (points, in_features), offsets (events + 1,), position (points, 3), energy (points,) → (points, out_features)

    Raises:
        ValueError: A number is out of bounds, x has other than `in_features` features, a sensor is outside the box, or
            an energy is not positive.

    Example:
        >>> network = BinningCNN(in_features=5, out_features=2, width=30.0, depth=60.0)
        >>> position, energy = torch.rand(7, 3), torch.rand(7) + 0.1
        >>> network(torch.randn(7, 5), torch.tensor([0, 5, 7]), position, energy).shape
        torch.Size([7, 2])
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        width: float,
        depth: float,
        bins: int = 16,
        layers: int = 20,
        channels: int = 48,
        blocks: int = 2,
        read_features: int = 8,
        head_features: int = 64,
        softmax: bool = True,
    ) -> None:
        super().__init__()
        check_at_least(1, bins=bins, layers=layers)
        check_at_least(0, blocks=blocks)
        check_positive(width=width, depth=depth)
        self.in_features, self.read_features = in_features, read_features
        self.width, self.depth, self.bins, self.layers = width, depth, bins, layers
        self.register_buffer("low", torch.tensor([-width / 2, -width / 2, 0.0]), persistent=False)
        self.register_buffer("pitch", torch.tensor([width / bins, width / bins, depth / layers]), persistent=False)
        self.register_buffer("last", torch.tensor([bins, bins, layers]) - 1, persistent=False)
        self.convolutions = nn.Sequential(
            nn.Conv2d(layers * (1 + in_features), channels, kernel_size=1),
            *[_ResidualBlock(channels) for _ in range(blocks)],
            nn.Conv2d(channels, layers * read_features, kernel_size=1),
        )
        self.head = point_head(in_features + read_features, head_features, out_features, softmax)

    def forward(self, x: Tensor, offsets: Tensor, position: Tensor, energy: Tensor) -> Tensor:
        """Return the outputs of each sensor."""
        check_point_features(self, x)
        pixel = self.pixel(position, offsets)
        convolved = self.convolutions(self.image(x, energy, pixel, events=len(offsets) - 1))
        # (events, layers × read, bins, bins) → a row for each pixel, in the order that pixels are counted in
        rows = convolved.unflatten(1, (self.layers, self.read_features)).movedim(2, -1).flatten(0, 3)
        return self.head(torch.cat([x, rows.index_select(0, pixel)], dim=1))

    def pixel(self, position: Tensor, offsets: Tensor) -> Tensor:
        """Return the pixel of each sensor, counted over events, layers, x and y, the last one fastest."""
        place = (position - self.low) / self.pitch
        half = 0.5 * (self.last + 1)
        inside = (place - half).abs() <= half + 1e-3  # of a pixel: positions on the border are rounded
        if not bool(inside.all()):
            x, y, z = position[~inside.all(1)][0].tolist()
            raise ValueError(
                f"BinningCNN expected 0 ≤ z ≤ {self.depth:g} cm and |x|, |y| ≤ {self.width / 2:g} cm, "
                f"got ({x:.4g}, {y:.4g}, {z:.4g}): set task.network.width and task.network.depth to the calorimeter's"
            )
        column, row, layer = torch.minimum(place.floor().long().clamp(min=0), self.last).unbind(1)
        return ((segment_index(offsets) * self.layers + layer) * self.bins + column) * self.bins + row

    def image(self, x: Tensor, energy: Tensor, pixel: Tensor, events: int) -> Tensor:
        """Return u of all pixels, shape (events, layers × (1 + in_features), bins, bins)."""
        if not bool((energy > 0).all()):
            raise ValueError(
                f"BinningCNN expected positive energies to weigh sensors by, got {float(energy.min()):.3g}: "
                "raise the threshold of the sensors"
            )
        sums = x.new_zeros(events * self.layers * self.bins**2, 1 + self.in_features)
        sums = sums.index_add(0, pixel, energy[:, None] * torch.cat([torch.ones_like(x[:, :1]), x], dim=1))
        total = sums[:, :1]
        u = torch.cat([total.log1p(), sums[:, 1:] / total.where(total > 0, 1)], dim=1)
        return u.unflatten(0, (events, self.layers, self.bins, self.bins)).movedim(-1, 2).flatten(1, 2)


class _ResidualBlock(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            BatchNorm(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, kernel_size=3, padding=1, bias=False),
            BatchNorm(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, kernel_size=3, padding=1),
        )

    def forward(self, u: Tensor) -> Tensor:
        return u + self.residual(u)
