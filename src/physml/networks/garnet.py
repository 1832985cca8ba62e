"""GarNet: message passing through a few aggregators per event, at learnt distances from its points."""

import torch
from torch import Tensor, nn

from physml.networks.batch_norm import BatchNorm
from physml.networks.points import check_point_features, point_head
from physml.ops.bounds import check_at_least
from physml.ops.segments import segment_index, segment_max, segment_mean


class GarNetLayer(nn.Module):
    r"""Collect the points' features in S aggregators, and give them back, both weighted by a learnt distance.

    .. math::
        d_{ia} = (W_S h_i)_a, \quad V_{ia} = e^{-|d_{ia}|}, \quad f_i = [W_F h_i,\ V_i]

        g_a = \Big[\max_{i \in e} V_{ia} f_i,\ \tfrac{1}{|e|} \sum_{i \in e} V_{ia} f_i\Big], \qquad
        h'_i = \tanh W\,[h_i,\ V_{i1}\, g_1, \dots, V_{iS}\, g_S,\ V_i]

    Its cost grows as the number of points: no neighbours are searched.

    Source: Qasim, Kieseler, Iiyama and Pierini 2019, arXiv 1902.07987, section on GarNet; what is concatenated, after
    the authors' code jkiesele/caloGraphNN, whose potential there is a Gaussian.

    Args:
        in_features: Width of h.
        out_features: Width of h'.
        aggregators: Number S of aggregators.
        propagate_dimensions: Width F_LR of W_F h.

    Shapes:
        h (points, in_features), offsets (events + 1,) → (points, out_features)
    """

    def __init__(self, in_features: int, out_features: int, aggregators: int, propagate_dimensions: int) -> None:
        super().__init__()
        self.distance = nn.Linear(in_features, aggregators)
        self.propagate = nn.Linear(in_features, propagate_dimensions)
        collected = 2 * aggregators * (propagate_dimensions + aggregators)
        self.output = nn.Linear(in_features + collected + aggregators, out_features)

    def forward(self, h: Tensor, offsets: Tensor) -> Tensor:
        """Return h' of each point."""
        event = segment_index(offsets)
        potential = torch.exp(-self.distance(h).abs())
        features = torch.cat([self.propagate(h), potential], dim=1)
        messages = (potential[:, :, None] * features[:, None, :]).flatten(1)
        largest, mean = (
            reduce(messages, offsets).unflatten(1, (potential.shape[1], features.shape[1]))
            for reduce in (segment_max, segment_mean)
        )
        collected = torch.cat([largest.to(mean), mean], dim=2).index_select(0, event).to(h.dtype)
        returned = (potential[:, :, None] * collected).flatten(1)
        return torch.tanh(self.output(torch.cat([h, returned, potential], dim=1)))


class GarNet(nn.Module):
    r"""GarNet layers with batch normalisation, whose outputs are concatenated and read by two dense layers.

    .. math::
        h^{(0)} = \tanh W_0\, \mathrm{norm}[x,\ \bar x_e], \quad h^{(l)} = \mathrm{norm}\,\mathrm{GarNet}_l(h^{(l-1)}),
        \qquad \hat y = \mathrm{softmax}\left(W_2\,\mathrm{relu}\,W_1 [h^{(1)}, \dots, h^{(L)}]\right)

    The prediction of a point does not depend on the order of its event's points, nor on other events (in training,
    only through the batch normalisation).

    Source: Qasim, Kieseler, Iiyama and Pierini 2019, arXiv 1902.07987. The defaults are those of the authors' code
    (jkiesele/caloGraphNN, ``get_GarNet_model_for_clustering``), whose last layer is a relu of width 3.

    Args:
        in_features: Features of a point.
        out_features: Outputs of a point.
        layers: Number L of GarNet layers.
        aggregators: Number S of aggregators of a layer.
        propagate_dimensions: Width F_LR of what the points send.
        hidden_features: Width F of each layer's output.
        head_features: Width of the last hidden layer.
        softmax: Whether the outputs are fractions that sum to one.

    Shapes:
        x (points, in_features), offsets (events + 1,) → (points, out_features)

    Raises:
        ValueError: x has other than `in_features` features, or `layers` is not positive.

    Example:
        >>> network = GarNet(in_features=5, out_features=2, layers=2)
        >>> network(torch.randn(7, 5), torch.tensor([0, 5, 7])).shape
        torch.Size([7, 2])
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        layers: int = 11,
        aggregators: int = 4,
        propagate_dimensions: int = 20,
        hidden_features: int = 32,
        head_features: int = 48,
        softmax: bool = True,
    ) -> None:
        super().__init__()
        check_at_least(1, layers=layers)
        self.in_features = in_features
        self.input = nn.Sequential(BatchNorm(2 * in_features), nn.Linear(2 * in_features, hidden_features), nn.Tanh())
        self.layers = nn.ModuleList(
            GarNetLayer(hidden_features, hidden_features, aggregators, propagate_dimensions) for _ in range(layers)
        )
        self.norms = nn.ModuleList(BatchNorm(hidden_features) for _ in range(layers))
        self.head = point_head(layers * hidden_features, head_features, out_features, softmax)

    def forward(self, x: Tensor, offsets: Tensor) -> Tensor:
        """Return the outputs of each point."""
        check_point_features(self, x)
        event = segment_index(offsets)
        h = self.input(torch.cat([x, segment_mean(x, offsets).to(x.dtype).index_select(0, event)], dim=1))
        outputs = []
        for layer, norm in zip(self.layers, self.norms, strict=True):
            h = norm(layer(h, offsets))
            outputs.append(h)
        return self.head(torch.cat(outputs, dim=1))
