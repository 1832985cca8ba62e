"""Neural spline flows: densities with exact values and exact samples."""

import math
from collections.abc import Callable

import torch
from nflows.nn.nets import ResidualNet
from nflows.transforms import (
    CompositeTransform,
    MaskedPiecewiseRationalQuadraticAutoregressiveTransform,
    PiecewiseRationalQuadraticCouplingTransform,
    ReversePermutation,
    Transform,
)
from torch import Tensor, nn

from physml.ops.bounds import check_at_least


class SplineFlow(nn.Module):
    r"""Density of x from an invertible map of x to a standard normal variable z.

    .. math::
        z = f_L \circ \dots \circ f_1(x), \qquad
        \log q(x) = \log N(z; 0, 1) + \log\left| \det \frac{\partial z}{\partial x} \right|

    Each f is a monotonic rational-quadratic spline in each coordinate, whose knots depend on other coordinates.

    Units:
        Nats, for x in the units of the data. The splines bend x only within ±`bound` (see `coupling`), so the data
        should be of order 1.

    Source:
        Durkan et al. 2019, arXiv 1906.04032; splines and masks by its authors' package nflows.

    Args:
        features: Dimension of x.
        transform: Makes f of a layer from the dimension and the layer's number: `coupling` (fast both ways), or
            `autoregressive` (more flexible a layer, but samples one coordinate after the other).
        layers: Number L of transforms.

    Shapes:
        x: (events, features); returns log q (events,).

    Raises:
        ValueError: A number is out of bounds.

    Example:
        >>> flow = SplineFlow(2, coupling)
        >>> flow(flow.sample(3)).shape
        torch.Size([3])
    """

    def __init__(self, features: int, transform: Callable[[int, int], Transform], layers: int = 5) -> None:
        super().__init__()
        check_at_least(1, layers=layers)
        self.features = features
        self.transform = CompositeTransform([transform(features, layer) for layer in range(layers)])

    def forward(self, x: Tensor) -> Tensor:
        """Return log q(x)."""
        z, log_determinant = self.encode(x)
        return -0.5 * (z.square().sum(-1) + self.features * math.log(2 * math.pi)) + log_determinant

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return z of x, and log |det ∂z/∂x|."""
        if x.ndim != 2 or x.shape[1] != self.features:
            raise ValueError(
                f"expected x of shape (events, {self.features}), got {tuple(x.shape)}: set features to match"
            )
        return self.transform(x)

    def decode(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return x of z, and log |det ∂x/∂z|: the inverse of `encode`."""
        return self.transform.inverse(z)

    @torch.no_grad()
    def sample(self, count: int, generator: torch.Generator | None = None) -> Tensor:
        """Return `count` independent points distributed as q; `generator` must be on the CPU."""
        weight = next(self.parameters())
        z = torch.randn(count, self.features, generator=generator, dtype=weight.dtype).to(weight.device)
        return self.decode(z)[0]


def coupling(features: int, layer: int, hidden: int = 64, bins: int = 8, bound: float = 4.0) -> Transform:
    """Splines of every other coordinate, with knots that depend on the coordinates between them.

    Source:
        Durkan et al. 2019, arXiv 1906.04032, section 3.1 and the coupling of its appendix.

    Args:
        features: Dimension, at least 2.
        layer: Number of the layer: even and odd layers transform different coordinates.
        hidden: Width of the residual network that gives the knots.
        bins: Intervals of a spline.
        bound: The spline acts within ±bound, and the identity beyond.

    Raises:
        ValueError: There are fewer than 2 features.
    """
    if features < 2:
        raise ValueError(f"coupling needs at least 2 features, got {features}: use physml.networks.flow.autoregressive")
    return PiecewiseRationalQuadraticCouplingTransform(
        mask=[(feature + layer) % 2 for feature in range(features)],
        transform_net_create_fn=lambda inputs, outputs: ResidualNet(inputs, outputs, hidden_features=hidden),
        num_bins=bins,
        tails="linear",
        tail_bound=bound,
    )


def autoregressive(features: int, layer: int, hidden: int = 64, bins: int = 8, bound: float = 4.0) -> Transform:
    """Splines of each coordinate, with knots that depend on those before it; every other layer counts backwards.

    Source:
        Durkan et al. 2019, arXiv 1906.04032; Papamakarios et al. 2017, arXiv 1705.07057.

    Args:
        features: Dimension.
        layer: Number of the layer; all but the first reverse the order.
        hidden: Width of the masked residual network that gives the knots.
        bins: Intervals of a spline.
        bound: The spline acts within ±bound, and the identity beyond.
    """
    spline = MaskedPiecewiseRationalQuadraticAutoregressiveTransform(
        features, hidden_features=hidden, num_bins=bins, tails="linear", tail_bound=bound
    )
    return CompositeTransform([ReversePermutation(features), spline]) if layer else spline
