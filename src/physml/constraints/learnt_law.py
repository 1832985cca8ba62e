"""A field obeys a law that is learnt with it."""

from torch import Tensor, nn


class LearntLawResidual(nn.Module):
    r"""Mean squared difference between a field's rate of change and the law for it, relative to that of the data.

    .. math:: \Omega = \frac{1}{N s_N^2} \sum_n \left( u_t - N(u, u_x, \dots) \right)^2(x_n)

    Units: dimensionless.

    Source: Raissi 2018, arXiv 1801.06637, where the rate is not scaled.

    It reads ``along`` and ``law`` of the network, which `physml.networks.hidden_physics.HiddenPhysics` has.

    Args:
        weight: γ, the weight of Ω in the objective.

    Shapes: x (points, 2) → scalar
    """

    def __init__(self, weight: float = 1.0) -> None:
        super().__init__()
        self.weight = weight

    def forward(self, network: nn.Module, x: Tensor) -> Tensor:
        """Return Ω at points."""
        return self.residual(network, x).square().mean()

    def residual(self, network: nn.Module, x: Tensor) -> Tensor:
        """Return what is zero where the law holds. Shapes: (points,)."""
        z, rate = network.along(x)
        return (rate - network.law(z)) / network.law.rate_scale
