"""What networks of points have in common: which input they take, and the dense layers that read a point's features."""

from torch import Tensor, nn


def check_point_features(network: nn.Module, x: Tensor) -> None:
    """Refuse an input that is not one row of ``network.in_features`` numbers for each point.

    Args:
        network: Who asks.
        x: Its input.

    Shapes:
        x (points, in_features)

    Raises:
        ValueError: x has another shape.
    """
    if x.ndim != 2 or x.shape[1] != network.in_features:
        raise ValueError(
            f"{type(network).__name__} expected x of shape (points, {network.in_features}), got {tuple(x.shape)}: "
            "set task.network.in_features to the data's features of a point"
        )


def point_head(in_features: int, head_features: int, out_features: int, softmax: bool) -> nn.Sequential:
    r"""Return two dense layers for each point, :math:`W_2\,\mathrm{relu}\,W_1 h`, and a softmax where it is asked for.

    Args:
        in_features: Width of h.
        head_features: Width of the hidden layer.
        out_features: Outputs of a point.
        softmax: Whether the outputs are fractions that sum to one.

    Shapes:
        h (points, in_features) → (points, out_features)
    """
    layers = nn.Linear(in_features, head_features), nn.ReLU(), nn.Linear(head_features, out_features)
    return nn.Sequential(*layers, *[nn.Softmax(dim=-1)] * softmax)
