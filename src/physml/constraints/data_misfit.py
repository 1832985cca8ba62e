"""A field agrees with measurements."""

from collections.abc import Sequence

from torch import Tensor, nn


class DataMisfit(nn.Module):
    r"""Mean squared distance of a field from values measured at points.

    .. math:: \Omega = \frac1N \sum_n \left| \hat u(x_n) - y_n \right|^2

    For tasks that take residuals and no loss, such as `physml.tasks.least_squares.LeastSquaresTask`.

    Units: those of u, squared.

    Args:
        weight: γ, the weight of Ω in the objective.
        components: Which columns of y were measured; all of them if not given.

    Shapes: x (points, variables), y (points, outputs) → scalar
    """

    def __init__(self, weight: float = 1.0, components: Sequence[int] | None = None) -> None:
        super().__init__()
        self.weight = weight
        self.components = slice(None) if components is None else list(components)

    def forward(self, network: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        """Return Ω of a field."""
        return self.residual(network, x, y).square().sum(1).mean()

    def residual(self, network: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        """Return the distance at each point. Shapes: (points, measured)."""
        return network(x)[:, self.components] - y[:, self.components]
