"""A field takes given values at given points."""

from collections.abc import Callable

from torch import Tensor, nn

from physml.ops.named import call


class Condition(nn.Module):
    r"""Mean squared deviation from initial or boundary values: a soft condition.

    .. math:: \Omega = \frac{1}{s^2} \frac1N \sum_n \lvert \hat u(x_n) - u_n \rvert^2

    `physml.networks.field.Field` can also be given conditions that hold exactly.

    Units: dimensionless; s is in those of u.

    Source: Raissi, Perdikaris and Karniadakis 2019, doi 10.1016/j.jcp.2018.10.045.

    Args:
        values: Returns the points x and the values u there.
        scale: s, deviations of this size count as one.
        weight: γ, the weight of Ω in the objective.

    Shapes: x (points, variables), u (points, outputs) → scalar

    Raises:
        ValueError: Points and values are not of the same number, `scale` is not positive, or the network gives
            something else than values.

    Example:
        >>> import torch
        >>> still = Condition(lambda: (torch.rand(5, 2), torch.zeros(5, 1)))
        >>> still(lambda x: 0.5 + 0 * x[:, :1]).item()
        0.25
    """

    def __init__(self, values: Callable[[], tuple[Tensor, Tensor]], scale: float = 1.0, weight: float = 1.0) -> None:
        super().__init__()
        x, u = values()
        if x.ndim != 2 or u.ndim != 2 or len(x) != len(u):
            raise ValueError(
                f"expected points (points, variables) and values (points, outputs), got {tuple(x.shape)} and "
                f"{tuple(u.shape)}: give a row for each point"
            )
        if scale <= 0:
            raise ValueError(f"expected a scale > 0 of the values, got {scale}: give a deviation that counts as one")
        self.register_buffer("x", x, persistent=False)
        self.register_buffer("u", u, persistent=False)
        self.scale, self.weight = scale, weight

    def forward(self, network: nn.Module) -> Tensor:
        """Return Ω of a field."""
        return self.residual(network).abs().square().sum(1).mean()

    def residual(self, network: nn.Module) -> Tensor:
        """Return the deviation of a field at each point, over s. Shapes: (points, outputs)."""
        found = call(network, {"x": self.x})
        if found.shape != self.u.shape:
            raise ValueError(
                f"expected a field with values of shape {tuple(self.u.shape)} at the points, got {tuple(found.shape)}: "
                "give the network one output for each"
            )
        return (found - self.u) / self.scale
