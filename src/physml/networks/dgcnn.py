"""DGCNN: convolutions over the edges to the nearest neighbours in the space of all features."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from physml.networks.batch_norm import BatchNorm
from physml.networks.points import check_point_features, point_head
from physml.ops.bounds import check_at_least
from physml.ops.neighbours import nearest_neighbours
from physml.ops.segments import segment_index, segment_mean


class EdgeConv(nn.Module):
    r"""Keep the largest output of a small network over the edges to the nearest neighbours in feature space.

    .. math::
        h'_i = \max_{j \in \mathcal{N}_k(i) \cup \{i\}} \mathrm{MLP}\left[h_i,\ h_j - h_i\right]

    The edge of the point to itself is among them, as in both sources' code. A missing neighbour of a small event
    points to the point itself, so it repeats this edge and leaves the maximum as it is.

    Source: Wang, Sun, Liu, Sarma, Bronstein and Solomon 2019, arXiv 1801.07829, eqs. 7 and 8.

    Args:
        in_features: Width of h.
        features: Width of h′ and of the MLP's hidden layers.
        k: Number of neighbours, the point itself not counted.
        layers: Dense layers of the MLP, a ReLU after each.

    Shapes:
        h (points, in_features), offsets (events + 1,) → (points, features)
    """

    def __init__(self, in_features: int, features: int, k: int, layers: int) -> None:
        super().__init__()
        self.k = k
        # The first layer acts on [h_i, h_j − h_i]: it is split so that its products are of points, not of edges.
        self.own = nn.Linear(in_features, features)
        self.difference = nn.Linear(in_features, features, bias=False)
        self.layers = nn.ModuleList(nn.Linear(features, features) for _ in range(layers - 1))

    def forward(self, h: Tensor, offsets: Tensor) -> Tensor:
        """Return h′ of each point."""
        index, _ = nearest_neighbours(h.detach(), offsets, self.k)
        index = torch.cat([torch.arange(len(h), device=h.device)[:, None], index], dim=1)
        difference = self.difference(h)
        # index_select, not difference[index]: its backward is several times faster on a CPU.
        edges = difference.index_select(0, index.flatten()).unflatten(0, index.shape)
        edges = edges + (self.own(h) - difference)[:, None]
        for layer in self.layers:
            edges = layer(F.relu(edges))  # in place it would be slower: the backward of a changed view copies it
        # The last ReLU is monotonic: after the maximum there are k times fewer. For the backward pass max keeps only
        # where the maxima are, amax all edges.
        return F.relu(edges.max(1).values)


class DGCNNBlock(nn.Module):
    r"""An edge convolution, whose output and its mean over the event a dense layer mixes, and a batch normalisation.

    Source and arguments: as `DGCNN` and `EdgeConv`.

    Shapes:
        h (points, in_features), offsets (events + 1,) → (points, features) and what they are mixed from,
        (points, 2 × features)
    """

    def __init__(self, in_features: int, features: int, k: int, edge_layers: int) -> None:
        super().__init__()
        self.convolution = EdgeConv(in_features, features, k, edge_layers)
        self.mix = nn.Sequential(nn.Linear(2 * features, features), nn.ReLU(), BatchNorm(features))

    def forward(self, h: Tensor, offsets: Tensor) -> tuple[Tensor, Tensor]:
        """Return the block's features of each point, and its convolution beside the event's mean of it."""
        h = self.convolution(h, offsets)
        mean = segment_mean(h, offsets).index_select(0, segment_index(offsets)).to(h.dtype)
        exchanged = torch.cat([h, mean], dim=1)
        return _precise(self.mix, exchanged), exchanged


class DGCNN(nn.Module):
    r"""Edge convolutions on graphs that each layer draws anew, read by two dense layers for an output of each point.

    .. math::
        h^{(0)} = \mathrm{BN}(W_0 x), \quad (h^{(b)}, g^{(b)}) = \mathrm{block}_b(h^{(b-1)}), \quad
        h^{(B)} = \mathrm{BN}(\mathrm{EdgeConv}(h^{(B-1)}))

        \hat y = \mathrm{softmax}\left(W_2\,\mathrm{relu}\,W_1 [h^{(1)}, g^{(1)}, \dots, h^{(B)}]\right)

    The prediction of a point does not depend on the order of its event's points, nor on other events (in training,
    only through the batch normalisation). For the backward pass it holds (edge_layers − 1) × points × (k + 1) ×
    features numbers per edge convolution.

    Source: Wang et al. 2019, arXiv 1801.07829, in the form that Qasim, Kieseler, Iiyama and Pierini compare with
    (2019, arXiv 1902.07987). The defaults are those of their experiments' code (``compute_output_dgcnn``), whose 40
    neighbours count the point itself, whose mixing layers read the convolution twice, and whose last layer is a relu
    of width 3.

    Args:
        in_features: Features of a point.
        out_features: Outputs of a point.
        blocks: Number B of edge convolutions, the last one included.
        k: Neighbours of a point, itself not counted.
        embedding_features: Width of the first dense layer, in whose space the first neighbours are sought.
        features: Width of the blocks.
        edge_layers: Dense layers of each edge convolution's MLP.
        head_features: Width of the last hidden layer.
        softmax: Whether the outputs are fractions that sum to one.

    Shapes:
        x (points, in_features), offsets (events + 1,) → (points, out_features)

    Raises:
        ValueError: x has other than `in_features` features, or a number is out of bounds.

    Example:
        >>> network = DGCNN(in_features=5, out_features=2, blocks=2, k=3)
        >>> network(torch.randn(7, 5), torch.tensor([0, 5, 7])).shape
        torch.Size([7, 2])
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        blocks: int = 4,
        k: int = 39,
        embedding_features: int = 16,
        features: int = 64,
        edge_layers: int = 3,
        head_features: int = 32,
        softmax: bool = True,
    ) -> None:
        super().__init__()
        check_at_least(1, blocks=blocks, k=k, edge_layers=edge_layers)
        self.in_features = in_features
        self.embedding = nn.Sequential(
            nn.Linear(in_features, embedding_features, bias=False), BatchNorm(embedding_features)
        )
        widths = [embedding_features] + [features] * (blocks - 1)
        self.blocks = nn.ModuleList(DGCNNBlock(width, features, k, edge_layers) for width in widths[:-1])
        self.last = EdgeConv(widths[-1], features, k, edge_layers)
        self.norm = BatchNorm(features)
        self.head = point_head((3 * blocks - 2) * features, head_features, out_features, softmax)

    def forward(self, x: Tensor, offsets: Tensor) -> Tensor:
        """Return the outputs of each point."""
        check_point_features(self, x)
        h, outputs = _precise(self.embedding, x), []
        for block in self.blocks:
            h, exchanged = block(h, offsets)
            outputs += [h, exchanged]
        outputs.append(self.norm(self.last(h, offsets)))
        return self.head(torch.cat(outputs, dim=1))


def _precise(layers: nn.Sequential, h: Tensor) -> Tensor:
    """Apply layers in their own precision also under autocast: rounded to half, distances of outputs would be tied."""
    with torch.autocast(h.device.type, enabled=False):
        return layers(h.to(layers[0].weight.dtype))
