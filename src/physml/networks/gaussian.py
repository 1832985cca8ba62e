"""One Gaussian with a full covariance: the plain rival of every flow."""

import math

import torch
from torch import Tensor, nn


class Gaussian(nn.Module):
    r"""Density of x as a single Gaussian, whose mean and covariance are the weights.

    .. math::
        \log q(x) = \log N(z; 0, 1) + \log \det A, \qquad z = A (x - \mu), \qquad \Sigma^{-1} = A^T A

    A is lower triangular with a positive diagonal. At the maximum of the likelihood μ and Σ are the sample's mean and
    covariance.

    Units:
        Nats, for x in the units of the data, which should be of order 1.

    Args:
        features: Dimension of x.

    Shapes:
        x: (events, features); returns log q (events,).

    Example:
        >>> round(Gaussian(2)(torch.zeros(1, 2)).item(), 4)  # -log 2π
        -1.8379
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.features = features
        self.mean = nn.Parameter(torch.zeros(features))
        self.log_diagonal = nn.Parameter(torch.zeros(features))
        self.below = nn.Parameter(torch.zeros(features, features))  # only what lies below the diagonal is used

    @property
    def factor(self) -> Tensor:
        """A, shape (features, features)."""
        return self.below.tril(-1) + self.log_diagonal.exp().diag()

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
        return (x - self.mean) @ self.factor.T, self.log_diagonal.sum().expand(len(x))

    def decode(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return x of z, and log |det ∂x/∂z|: the inverse of `encode`."""
        x = self.mean + torch.linalg.solve_triangular(self.factor, z.T, upper=False).T
        return x, -self.log_diagonal.sum().expand(len(z))

    @torch.no_grad()
    def sample(self, count: int, generator: torch.Generator | None = None) -> Tensor:
        """Return `count` independent points distributed as q; `generator` must be on the CPU."""
        z = torch.randn(count, self.features, generator=generator, dtype=self.mean.dtype).to(self.mean.device)
        return self.decode(z)[0]
