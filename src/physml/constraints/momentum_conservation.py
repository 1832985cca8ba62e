"""Conservation of total momentum by bodies that act only on each other."""

from torch import Tensor, nn


class MomentumConservation(nn.Module):
    r"""How far the predicted centre of mass is from where uniform motion takes it.

    .. math::
        \Omega = \frac{1}{\ell^2} \left\langle \left| \frac1M \sum_i m_i \hat x_i
            - \frac1M \sum_i m_i (x_i + v_i T) \right|^2 \right\rangle_\text{events}

    With no outside force the total momentum is constant, and the centre of mass moves uniformly. Bodies are of equal
    mass here.

    Units:
        Dimensionless; ℓ and positions are in the same unit, as are velocities times T.

    Args:
        duration: Time T from the given state to the predicted positions.
        scale: Length ℓ that makes Ω dimensionless, about the spread of the positions.
        weight: γ, the weight of Ω in the objective.

    Shapes:
        prediction: positions (events, bodies, 3); x: (events, bodies, 6 or more), position and velocity first; returns
        a scalar.

    Raises:
        ValueError: `scale` is not positive, or the shapes do not fit each other.
    """

    def __init__(self, duration: float = 1.0, scale: float = 1.0, weight: float = 1.0) -> None:
        super().__init__()
        if scale <= 0:
            raise ValueError(f"expected a scale > 0 of the positions, got {scale}: give about their spread")
        self.duration, self.scale, self.weight = duration, scale, weight

    def forward(self, prediction: Tensor, x: Tensor) -> Tensor:
        """Return Ω of a batch."""
        return self.residual(prediction, x).square().mean()

    def residual(self, prediction: Tensor, x: Tensor) -> Tensor:
        """Return √3 times what the centre of mass is off, in each direction, over ℓ. Shapes: (events, 3)."""
        if x.ndim != 3 or x.shape[-1] < 6 or prediction.shape != (*x.shape[:2], 3):
            raise ValueError(
                "momentum conservation expected prediction (events, bodies, 3) and x (events, bodies, 6 or more), "
                f"got {tuple(prediction.shape)} and {tuple(x.shape)}: use it where later positions are predicted"
            )
        uniform = x[..., :3] + self.duration * x[..., 3:6]
        return 3**0.5 * (prediction - uniform).mean(1) / self.scale
