"""GravNet: message passing between the nearest neighbours in a learnt space."""

from typing import Self

import torch
from torch import Tensor, nn

from physml.networks.batch_norm import BatchNorm
from physml.networks.points import check_point_features, point_head
from physml.ops.bounds import check_at_least
from physml.ops.distance_weighted import distance_weighted
from physml.ops.neighbours import nearest_neighbours
from physml.ops.segments import segment_index, segment_mean


class GravNetLayer(nn.Module):
    r"""Gather the features of the nearest neighbours in a learnt space S, weighted by their distance.

    .. math::
        s_i = W_S h_i, \quad f_i = W_F h_i, \quad
        w_{ij} = e^{-10 \lVert s_i - s_j \rVert^2}, \quad j \in \mathcal{N}_k(i)

        h'_i = \sigma\left(W \left[h_i,\ \bar m_i,\ \hat m_i\right]\right), \quad
        \bar m_i = \tfrac{1}{|\mathcal N_k(i)|} \sum_j w_{ij} f_j, \quad \hat m_i = \max_j w_{ij} f_j

    In an event of at most k points mean and maximum are over the neighbours that there are, and zero without any. Under
    autocast s and f stay in single precision: rounded to half, distances in S would be tied.

    Source: Qasim, Kieseler, Iiyama and Pierini 2019, arXiv 1902.07987; authors' code jkiesele/caloGraphNN, whose
    number of neighbours counts the point itself (k = 39 here is 40 there).

    Args:
        in_features: Width of h.
        out_features: Width of h'.
        k: Number of neighbours.
        space_dimensions: Dimensions of S.
        propagate_dimensions: Width F_LR of f.
        self_loops: Whether a point counts as the first of its k neighbours.
        activation: σ; tanh unless given.

    Shapes:
        h (points, in_features), offsets (events + 1,) → (points, out_features)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        k: int,
        space_dimensions: int,
        propagate_dimensions: int,
        self_loops: bool = False,
        activation: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.k, self.self_loops = k, self_loops
        self.space = nn.Linear(in_features, space_dimensions)
        self.propagate = nn.Linear(in_features, propagate_dimensions)
        self.output = nn.Linear(in_features + 2 * propagate_dimensions, out_features)
        self.activation = nn.Tanh() if activation is None else activation

    @classmethod
    def from_torch_geometric(cls, layer: nn.Module) -> Self:
        """Return the layer with the weights of torch-geometric's ``GravNetConv`` that gives its numbers.

        There a point counts as its own neighbour, and there is no nonlinearity.

        Args:
            layer: A ``torch_geometric.nn.GravNetConv``.
        """
        space, propagate = layer.lin_s.weight, layer.lin_h.weight
        same = cls(layer.in_channels, layer.out_channels, layer.k, len(space), len(propagate), True, nn.Identity()).to(
            space
        )
        same.load_state_dict(
            {
                "space.weight": space,
                "space.bias": layer.lin_s.bias,
                "propagate.weight": propagate,
                "propagate.bias": layer.lin_h.bias,
                "output.weight": torch.cat([layer.lin_out1.weight, layer.lin_out2.weight], dim=1),
                "output.bias": layer.lin_out2.bias,
            }
        )
        return same

    def forward(self, h: Tensor, offsets: Tensor) -> Tensor:
        """Return h' of each point."""
        with torch.autocast(h.device.type, enabled=False):
            exact = h.to(self.space.weight.dtype)
            space, features = (layer(exact) for layer in (self.space, self.propagate))
            single = torch.promote_types(exact.dtype, torch.float32)
            index, exists = nearest_neighbours(space, offsets, self.k, self.self_loops)
            mean, largest = distance_weighted(space.to(single), features.to(single), index, exists)
        return self.activation(self.output(torch.cat([h, mean.to(h.dtype), largest.to(h.dtype)], dim=1)))


class GravNetBlock(nn.Module):
    """Exchange the event's mean, three dense layers, a GravNet layer and a batch normalisation.

    Source and arguments: as `GravNet`.

    Shapes:
        h (points, in_features), offsets (events + 1,) → (points, block_features)
    """

    def __init__(
        self,
        in_features: int,
        hidden_features: int,
        block_features: int,
        k: int,
        space_dimensions: int,
        propagate_dimensions: int,
    ) -> None:
        super().__init__()
        self.dense = nn.Sequential(
            nn.Linear(2 * in_features, hidden_features),
            nn.Tanh(),
            nn.Linear(hidden_features, hidden_features),
            nn.Tanh(),
            nn.Linear(hidden_features, hidden_features),
            nn.Tanh(),
        )
        self.gravnet = GravNetLayer(hidden_features, block_features, k, space_dimensions, propagate_dimensions)
        self.norm = BatchNorm(block_features)

    def forward(self, h: Tensor, offsets: Tensor) -> Tensor:
        """Return the block's features of each point."""
        # In a statement of its own, where torch.compile can break the graph.
        event = segment_index(offsets)
        mean = segment_mean(h, offsets).index_select(0, event).to(h.dtype)
        return self.norm(self.gravnet(self.dense(torch.cat([h, mean], dim=1)), offsets))


class GravNet(nn.Module):
    r"""Blocks of GravNet layers whose outputs are concatenated and read by two dense layers.

    .. math::
        h^{(b)} = \mathrm{block}_b(h^{(b-1)}), \quad h^{(0)} = x, \qquad
        \hat y = \mathrm{softmax}\left(W_2\,\mathrm{relu}\,W_1 [h^{(1)}, \dots, h^{(B)}]\right)

    The prediction of a point does not depend on the order of its event's points, nor on other events (in training,
    only through the batch normalisation).

    Source: Qasim, Kieseler, Iiyama and Pierini 2019, arXiv 1902.07987. The defaults are those of the authors' code
    (jkiesele/caloGraphNN, ``get_GravNet_model_for_clustering``), whose last layer is a relu of width 3.

    Args:
        in_features: Features of a point.
        out_features: Outputs of a point.
        blocks: Number B of blocks.
        k: Neighbours of a point, itself not counted.
        space_dimensions: Dimensions of the learnt space S.
        propagate_dimensions: Width F_LR of the features that neighbours send.
        hidden_features: Width of the dense layers in a block.
        block_features: Width of a block's output.
        head_features: Width of the last hidden layer.
        softmax: Whether the outputs are fractions that sum to one.

    Shapes:
        x (points, in_features), offsets (events + 1,) → (points, out_features)

    Raises:
        ValueError: x has other than `in_features` features, or a number is out of bounds.

    Example:
        >>> network = GravNet(in_features=5, out_features=2, blocks=1, k=3)
        >>> network(torch.randn(7, 5), torch.tensor([0, 5, 7])).shape
        torch.Size([7, 2])
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        blocks: int = 4,
        k: int = 39,
        space_dimensions: int = 4,
        propagate_dimensions: int = 18,
        hidden_features: int = 64,
        block_features: int = 42,
        head_features: int = 128,
        softmax: bool = True,
    ) -> None:
        super().__init__()
        check_at_least(1, blocks=blocks, k=k)
        self.in_features = in_features
        widths = [in_features] + [block_features] * (blocks - 1)
        self.blocks = nn.ModuleList(
            GravNetBlock(width, hidden_features, block_features, k, space_dimensions, propagate_dimensions)
            for width in widths
        )
        self.head = point_head(blocks * block_features, head_features, out_features, softmax)

    def forward(self, x: Tensor, offsets: Tensor) -> Tensor:
        """Return the outputs of each point."""
        check_point_features(self, x)
        outputs = []
        for block in self.blocks:
            x = block(x, offsets)
            outputs.append(x)
        return self.head(torch.cat(outputs, dim=1))
