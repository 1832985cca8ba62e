"""Mean and maximum over neighbours, weighted by a Gaussian of the distance, without holding all messages at once."""

import warnings
from collections.abc import Iterator
from importlib.util import find_spec

import torch
from scipy.sparse import csr_array
from torch import Tensor
from torch.nn import functional

TRITON = find_spec("triton") is not None
_BLOCK = 2**19  # elements of messages at once, such that they stay in the cache

with warnings.catch_warnings(action="ignore"):
    # torch warns once that these are in beta and, in some versions, of what is left unchecked; tests guard their use.
    torch.sparse_csr_tensor(torch.tensor([0, 1]), torch.tensor([0]), torch.ones(1), (1, 1), check_invariants=False)


def distance_weighted(space: Tensor, features: Tensor, index: Tensor, exists: Tensor) -> tuple[Tensor, Tensor]:
    r"""Average and maximise the neighbours' features, weighted by their distance.

    .. math::
        w_{ij} = e^{-10 \lVert s_i - s_j \rVert^2}, \qquad
        \bar m_i = \frac{1}{|\mathcal N(i)|} \sum_{j \in \mathcal N(i)} w_{ij} f_j, \qquad
        \hat m_i = \max_{j \in \mathcal N(i)} w_{ij} f_j

    Both are zero for a point without neighbours. Gradients flow to s and f, with their own formulas, once: the
    gradient has no gradient. Where neighbours tie for the maximum, one of them gets its gradient. What is kept for the
    gradient grows as points × k and points × features, not as their product. On a GPU one kernel does each way where
    Triton is installed; the gradient's sums have no fixed order there, unless torch is told to be deterministic.

    Source: Qasim, Kieseler, Iiyama and Pierini 2019, arXiv 1902.07987, for the two aggregations; the factor 10 of the
    weight is that of the authors' code, jkiesele/caloGraphNN.

    Args:
        space: Coordinates :math:`s_i`.
        features: :math:`f_i`, of the type of `space`, single or double precision.
        index: Neighbours :math:`\mathcal N(i)` of each point.
        exists: Which of them exist.

    Shapes:
        space (points, space), features (points, features), index and exists (points, k) → twice (points, features)

    Raises:
        RuntimeError: A second derivative is asked for.

    Example:
        >>> space, features = torch.zeros(2, 1), torch.tensor([[1.0], [5.0]])
        >>> mean, largest = distance_weighted(space, features, torch.tensor([[1], [0]]), torch.ones(2, 1).bool())
        >>> mean.flatten().tolist()
        [5.0, 1.0]
    """
    return _aggregate(space.contiguous(), features.contiguous(), index, exists)[:2]


@torch.library.custom_op("physml::distance_weighted", mutates_args=())
def _aggregate(space: Tensor, features: Tensor, index: Tensor, exists: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    if _fused(index):
        from physml.ops.distance_weighted_triton import aggregate

        with torch.cuda.device_of(space):
            return aggregate(space, features, index, exists)
    weight = _weights(space, index).mul_(exists)
    complete = bool(exists.all())
    mean = functional.embedding_bag(index, features, mode="sum", per_sample_weights=weight) / _counts(exists, weight)
    largest, winner = torch.empty_like(mean), index.new_empty(features.shape)
    for rows in _row_blocks(index, features):
        messages = _gather(features, index[rows]).mul_(weight[rows, :, None])
        if not complete:
            messages.masked_fill_(~exists[rows, :, None], -torch.inf)
        largest[rows], winner[rows] = _maximum(messages)
    if not complete:
        largest.masked_fill_(~exists.any(1, keepdim=True), 0)
    return mean, largest, weight, winner


@_aggregate.register_fake
def _(space: Tensor, features: Tensor, index: Tensor, exists: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    like = torch.empty_like(features)
    return like, like.clone(), space.new_empty(index.shape), index.new_empty(features.shape)


def _keep(ctx, inputs: tuple, output: tuple) -> None:
    space, features, index, exists = inputs
    _, _, weight, winner = output
    ctx.save_for_backward(space, features, index, exists, weight, winner)
    ctx.set_materialize_grads(False)


def _differentiate(ctx, mean: Tensor | None, largest: Tensor | None, *_) -> tuple[Tensor | None, ...]:
    features = ctx.saved_tensors[1]
    mean, largest = (torch.zeros_like(features) if part is None else part.contiguous() for part in (mean, largest))
    return *_gradients(mean, largest, *ctx.saved_tensors), None, None


_aggregate.register_autograd(_differentiate, setup_context=_keep)


@torch.library.custom_op("physml::distance_weighted_gradients", mutates_args=())
def _gradients(
    mean: Tensor,
    largest: Tensor,
    space: Tensor,
    features: Tensor,
    index: Tensor,
    exists: Tensor,
    weight: Tensor,
    winner: Tensor,
) -> tuple[Tensor, Tensor]:
    if _fused(index):
        from physml.ops.distance_weighted_triton import gradients

        with torch.cuda.device_of(space):
            return gradients(mean, largest, space, features, index, exists, weight, winner)
    mean = mean / _counts(exists, mean)
    # Of the weights: a product with each neighbour's features for the mean, and with those of the winner.
    slope = _products(mean, features, index)
    sender = index.gather(1, winner)
    slope.scatter_add_(1, winner, largest * features.gather(0, sender))
    slope = slope.mul_(weight).mul_(-20)  # dw/ds_j = -20 w (s_j - s_i) = -dw/ds_i
    space_slope, receiver = torch.empty_like(space), index.flatten()
    for axis, difference in enumerate(_differences(space, index)):
        pull = difference.mul_(slope)
        space_slope[:, axis] = pull.sum(1).neg_().scatter_add_(0, receiver, pull.flatten())
    feature_slope = _transposed_sum(weight, mean, index)
    feature_slope.scatter_add_(0, sender, largest * weight.gather(1, winner))
    return space_slope, feature_slope


@_gradients.register_fake
def _(mean: Tensor, largest: Tensor, space: Tensor, features: Tensor, *_: Tensor) -> tuple[Tensor, Tensor]:
    return torch.empty_like(space), torch.empty_like(features)


def _fused(index: Tensor) -> bool:
    """Whether the kernels serve, whose sums have no fixed order."""
    return TRITON and index.device.type == "cuda" and not torch.are_deterministic_algorithms_enabled()


def _weights(space: Tensor, index: Tensor) -> Tensor:
    squared = space.new_zeros(index.shape)
    for difference in _differences(space, index):
        squared.addcmul_(difference, difference)
    return squared.mul_(-10).exp_()


def _differences(space: Tensor, index: Tensor) -> Iterator[Tensor]:
    """s_j − s_i axis by axis, (points, k): sums over the short last dimension of an array are slow."""
    for axis in space.unbind(1):
        axis = axis.contiguous()
        yield _gather(axis, index).sub_(axis[:, None])


def _maximum(messages: Tensor) -> tuple[Tensor, Tensor]:
    """Largest of the messages (points, k, features) and its place: as of an image's channels, which torch does best."""
    image = messages[:, None].permute(0, 3, 1, 2)
    largest, winner = functional.max_pool2d(image, image.shape[2:], return_indices=True)
    return largest.flatten(1), winner.flatten(1)


def _products(mean: Tensor, features: Tensor, index: Tensor) -> Tensor:
    """Product of each point's row of `mean` with the features of each of its neighbours, (points, k)."""
    if index.device.type != "cpu" or index.shape[1] > len(index):  # torch cuts off more edges than there are pairs
        return _products_by_blocks(mean, features, index)
    starts = torch.arange(0, index.numel() + 1, index.shape[1])
    products = mean.new_zeros(index.numel())
    edges = torch.sparse_csr_tensor(starts, index.flatten(), products, (len(index),) * 2, check_invariants=False)
    torch.sparse.sampled_addmm(edges, mean, features.t(), out=edges)  # writes `products`
    return products.unflatten(0, index.shape)


def _products_by_blocks(mean: Tensor, features: Tensor, index: Tensor) -> Tensor:
    products = mean.new_empty(index.shape)
    for rows in _row_blocks(index, features):
        torch.sum(_gather(features, index[rows]).mul_(mean[rows, None]), -1, out=products[rows])
    return products


def _transposed_sum(weight: Tensor, mean: Tensor, index: Tensor) -> Tensor:
    """Sum of the rows of `mean` over the points of which one is a neighbour, weighted, (points, features)."""
    if index.device.type != "cpu":
        return _transposed_sum_by_bags(weight, mean, index)
    starts = torch.arange(0, index.numel() + 1, index.shape[1], dtype=torch.int32)
    parts = (weight.flatten().numpy(), index.flatten().int().numpy(), starts.numpy())
    return torch.from_numpy(csr_array(parts, shape=(len(index),) * 2).T @ mean.numpy())


def _transposed_sum_by_bags(weight: Tensor, mean: Tensor, index: Tensor) -> Tensor:
    # Edges sorted by neighbour, then summed bag by bag.
    edges = index.flatten().to(torch.int32).sort(stable=True).indices
    bags = functional.pad(index.flatten().bincount(minlength=len(index)).cumsum(0), (1, 0))
    receivers = edges.div(index.shape[1], rounding_mode="floor")
    return functional.embedding_bag(
        receivers, mean, bags, mode="sum", per_sample_weights=weight.flatten()[edges], include_last_offset=True
    )


def _counts(exists: Tensor, like: Tensor) -> Tensor:
    return exists.sum(1, keepdim=True).clamp(min=1).to(like.dtype)


def _gather(values: Tensor, index: Tensor) -> Tensor:
    return values.index_select(0, index.flatten()).unflatten(0, index.shape)


def _row_blocks(index: Tensor, features: Tensor) -> list[slice]:
    step = max(1, _BLOCK // max(1, index.shape[1] * features.shape[1]))
    return [slice(start, start + step) for start in range(0, len(index), step)]
