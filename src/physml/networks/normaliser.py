"""Mean and spread of vectors, learnt from the training data as they come."""

import torch
from torch import Tensor, distributed, nn


class Normaliser(nn.Module):
    r"""Shift and scale vectors to mean 0 and standard deviation 1 in each component.

    .. math:: z = (x - \mu) / \sigma

    μ and σ are those of all vectors that it was shown by `observe`, in all processes together, up to `limit`: then the
    scale stands still, and the layers behind it learn. They are buffers, saved with the weights. Before it has seen
    anything, μ = 0 and σ = 1.

    Source: Pfaff et al. 2021, "Learning mesh-based simulation with graph networks", arXiv 2010.03409, appendix A.1.2,
    accumulates its statistics so.

    Args:
        features: Components of a vector.
        limit: How many vectors it takes into account, about.

    Shapes: (…, features) → (…, features)

    Example:
        >>> normaliser = Normaliser(1)
        >>> normaliser.observe(torch.tensor([[1.0], [3.0]]))
        >>> normaliser(torch.tensor([[4.0]]))
        tensor([[2.]])
    """

    def __init__(self, features: int, limit: int = 10**6) -> None:
        super().__init__()
        self.limit = limit
        self.register_buffer("count", torch.zeros(()))
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("variance", torch.ones(features))

    @torch.no_grad()
    def observe(self, vectors: Tensor) -> None:
        """Take more vectors into account, unless there were enough. Shapes: (…, features)."""
        vectors = vectors.reshape(-1, vectors.shape[-1])
        if self.count >= self.limit:
            return
        number, mean, variance = _moments(vectors)
        if not number:
            return
        count = self.count + number
        step = mean - self.mean
        # Means and sums of squares of two samples make those of both; nothing of the initial values stays.
        squares = self.count * self.variance + number * variance
        self.variance.copy_((squares + step**2 * self.count * number / count) / count)
        self.mean.copy_(self.mean + step * number / count)
        self.count.copy_(count)

    @property
    def spread(self) -> Tensor:
        """The standard deviations σ, with a floor that keeps a constant component finite."""
        return self.variance.sqrt().clamp(min=1e-12)

    def forward(self, vectors: Tensor) -> Tensor:
        """Return z."""
        return (vectors - self.mean) / self.spread


def _moments(vectors: Tensor) -> tuple[int, Tensor, Tensor]:
    """Return number, mean and variance of the vectors of all processes.

    Shapes: (vectors, features) → (), (features,) and (features,)
    """
    if not (distributed.is_available() and distributed.is_initialized()):
        if not len(vectors):
            return 0, vectors.new_zeros(vectors.shape[1]), vectors.new_zeros(vectors.shape[1])
        return len(vectors), vectors.mean(0), vectors.var(0, correction=0)
    number = vectors.new_tensor(len(vectors))
    distributed.all_reduce(number)
    mean = vectors.sum(0)
    distributed.all_reduce(mean)
    mean = mean / number.clamp(min=1)
    squares = (vectors - mean).square().sum(0)
    distributed.all_reduce(squares)
    return int(number), mean, squares / number.clamp(min=1)
