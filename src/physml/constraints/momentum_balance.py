"""The total momentum of a drop changes by gravity alone, as long as it touches no wall."""

from torch import Tensor, nn

from physml.physics.fluid import Water, momentum_imbalance


class MomentumBalance(nn.Module):
    r"""Mean squared change of the water's total momentum that gravity does not explain, in units of its weight.

    .. math:: \Omega = \left\langle \left( \frac{1}{g \Delta t^2} \frac1N \sum_i
              (\hat x_i^{t+1} - 2 x_i^t + x_i^{t-1}) - \hat g \right)_k^2 \right\rangle_{(e, k) \in F}

    F are the components k of those tanks e in which no particle is near one of the two walls that bound k: there, and
    only there, the law is exact. A network whose messages are not antisymmetric does not obey it by construction.
    Where the network reads noisy frames and its prediction is corrected by the noise of the last one (`physml.networks.
    gns.GNS`), the law is that of the frames read: noise moves the momentum, but it is no force.

    Units: dimensionless.

    Source: Newton's third law; see `physml.physics.fluid.momentum_imbalance`.

    Args:
        dt: Time Δt between two frames.
        margin: Distance below which a wall may be touched within a frame.
        water: The tank (default: `Water()`).
        weight: γ, the weight of Ω in the objective.

    Shapes:
        prediction (points, 2), x and noise (points, observed, 2), offsets (tanks + 1,) → scalar; 0 where F is empty
    """

    def __init__(self, dt: float, margin: float = 0.125, water: Water | None = None, weight: float = 1.0) -> None:
        super().__init__()
        self.dt, self.margin, self.water, self.weight = dt, margin, water or Water(), weight

    def forward(self, prediction: Tensor, x: Tensor, offsets: Tensor, noise: Tensor | None = None) -> Tensor:
        """Return Ω of a batch."""
        if noise is not None:
            x, prediction = x + noise, prediction + noise[:, -1]
        imbalance, holds = momentum_imbalance(x[:, -2], x[:, -1], prediction, offsets, self.dt, self.margin, self.water)
        return (imbalance.square() * holds).sum() / holds.sum().clamp(min=1)
