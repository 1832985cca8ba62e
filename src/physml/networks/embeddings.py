"""What a field reads in place of its coordinates: functions of them that hold a symmetry exactly, or that vary faster.

An embedding maps the jet of the coordinates, which run from −1 to 1 over the field's box, to the jet of its features.
Shapes: (channels, points, variables) → (channels, points, features).
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from physml.ops import taylor


class Mirrored(nn.Module):
    r"""The distance from the middle of the box in one coordinate, so that the network is even in it.

    .. math:: \xi_i \mapsto 2\, |\xi_i| - 1,\; \tanh \frac{|\xi_i|}{w_k}

    With odd conditions a and g the field is odd. One half of the box is then all there is to learn. Where the field has
    a layer in the middle, features as narrow as the layer spare the network the steep weights.

    Units: dimensionless.

    Args:
        column: i.
        widths: w, one for each further feature.

    Shapes: as in the module

    Example:
        >>> Mirrored(1)(torch.tensor([[[0.5, -0.75]], [[0.0, 1.0]]]), ((0, 0), (0, 1)))
        tensor([[[ 0.5000,  0.5000]],
        <BLANKLINE>
                [[ 0.0000, -2.0000]]])
    """

    def __init__(self, column: int, widths: Sequence[float] = ()) -> None:
        super().__init__()
        self.column, self.widths = column, list(widths)

    def forward(self, jet: Tensor, channels: tuple[taylor.Channel, ...]) -> Tensor:
        """Return the jet of the features."""
        distance = taylor.absolute(jet[..., self.column : self.column + 1])
        layers = [taylor.tanh(distance / width, channels) for width in self.widths]
        whole = torch.cat([2 * distance[:1] - 1, 2 * distance[1:]])
        return torch.cat([jet[..., : self.column], whole, *layers, jet[..., self.column + 1 :]], dim=-1)


class Periodic(nn.Module):
    r"""Waves of one coordinate, so that the field recurs after the length of its box, with all its derivatives.

    .. math:: \xi_i \mapsto \cos \pi k \xi_i,\; \sin \pi k \xi_i, \qquad k = 1, \dots, K

    Without the sines the field is even about the middle as well, and one half of the box is all there is to learn.

    Units: dimensionless.

    Source: Dong and Ni 2021, doi 10.1016/j.jcp.2021.110242 (arXiv 2007.07442).

    Args:
        column: i.
        waves: K. One is enough for every periodic field; more are for fields that vary fast.
        even: Whether to leave the sines out.

    Shapes: as in the module

    Example:
        >>> jet = torch.tensor([[[0.3, 0.5], [0.3, -1.5]]])  # half a wave is 1
        >>> Periodic(1)(jet, ((0, 0),)).round(decimals=3).abs()
        tensor([[[0.3000, 0.0000, 1.0000],
                 [0.3000, 0.0000, 1.0000]]])
    """

    def __init__(self, column: int, waves: int = 1, even: bool = False) -> None:
        super().__init__()
        self.column, self.waves, self.even = column, waves, even

    def forward(self, jet: Tensor, channels: tuple[taylor.Channel, ...]) -> Tensor:
        """Return the jet of the features."""
        k = math.pi * torch.arange(1, self.waves + 1).to(jet)
        sine, cosine = taylor.sin_cos(jet[..., self.column : self.column + 1] * k, channels)
        waves = [cosine] if self.even else [cosine, sine]
        return torch.cat([jet[..., : self.column], *waves, jet[..., self.column + 1 :]], dim=-1)


class FourierFeatures(nn.Module):
    r"""The coordinates and random waves of them, so that the field varies fast from the start.

    .. math:: \xi \mapsto \xi,\; \cos B \xi,\; \sin B \xi, \qquad B_{mi} \sim \mathcal N(0, \sigma^2)

    Units: dimensionless.

    Source: Tancik et al. 2020, arXiv 2006.10739.

    Args:
        variables: Coordinates.
        waves: Rows of B.
        scale: σ.

    Shapes: as in the module

    Example:
        >>> FourierFeatures(2, waves=5)(torch.zeros(1, 3, 2), ((0, 0),)).shape
        torch.Size([1, 3, 12])
    """

    def __init__(self, variables: int, waves: int = 10, scale: float = 1.0) -> None:
        super().__init__()
        self.register_buffer("matrix", scale * torch.randn(waves, variables, dtype=torch.float64))

    def forward(self, jet: Tensor, channels: tuple[taylor.Channel, ...]) -> Tensor:
        """Return the jet of the features."""
        sine, cosine = taylor.sin_cos(jet @ self.matrix.T.to(jet), channels)
        return torch.cat([jet, cosine, sine], dim=-1)


class Chain(nn.ModuleList):
    """Embeddings one after the other: each reads the features of the one before.

    The features of a column take its place, so that it is easiest to begin with the last column.

    Shapes: as in the module

    Example:
        >>> chain = Chain([Periodic(1, waves=2), Mirrored(0)])
        >>> chain(torch.zeros(1, 3, 2), ((0, 0),)).shape  # 1 of time, 4 of place
        torch.Size([1, 3, 5])
    """

    def forward(self, jet: Tensor, channels: tuple[taylor.Channel, ...]) -> Tensor:
        """Return the jet of the last embedding's features."""
        for embedding in self:
            jet = embedding(jet, channels)
        return jet
