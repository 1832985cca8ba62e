"""Fields obey a law that is learnt with them."""

from torch import Tensor, nn


class LearntLawResidual(nn.Module):
    r"""Mean squared difference between fields' rates of change and the law for them, relative to those of the data.

    .. math:: \Omega = \sum_i \frac{1}{N s_i^2} \sum_n \left( \partial_t u_i - N_i(u_1, \dots) \right)^2(x_n)

    Units: dimensionless.

    Source: Raissi 2018, arXiv 1801.06637, where the rate is not scaled.

    It reads ``along`` and ``law`` of the network, which `physml.networks.hidden_physics.HiddenPhysics` has.

    Args:
        weight: γ, the weight of Ω in the objective.

    Shapes: x (points, variables) → scalar
    """

    def __init__(self, weight: float = 1.0) -> None:
        super().__init__()
        self.weight = weight

    def forward(self, network: nn.Module, x: Tensor) -> Tensor:
        """Return Ω at points."""
        return self.residual(network, x).square().sum(1).mean()

    def residual(self, network: nn.Module, x: Tensor) -> Tensor:
        """Return what is zero where the law holds. Shapes: (points, rates)."""
        z, rate = network.along(x)
        return (rate - network.law(z)) / network.law.rate_scale
