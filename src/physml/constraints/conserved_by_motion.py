"""Learnt equations of motion conserve what the true ones do: energy, momentum, angular momentum."""

from collections.abc import Callable

import torch
from torch import Tensor, nn


class ConservedByMotion(nn.Module):
    r"""Mean squared rate of change of a conserved quantity, at the given states.

    .. math::

        \Omega = \left( \frac{\tau}{Q_0} \right)^2 \left\langle \dot Q^2 \right\rangle_e, \qquad
        \dot Q = \frac{\partial Q}{\partial x} \cdot \hat{\dot x}

    The prediction is how the states change with time. Where Ω vanishes everywhere, Q is a constant of the motion.

    Units: dimensionless.

    Args:
        quantity: Q, values (…,) or (…, components) of states (…, features), such as
            `physml.physics.gravity.angular_momentum`.
        scale: :math:`Q_0 / \tau`: so fast a change, in the unit of Q over that of the time, counts as one.
        weight: γ, the weight of Ω in the objective.

    Shapes:
        prediction and x (events, features), alike → scalar

    Raises:
        ValueError: `scale` is not positive, or prediction and x differ in shape.

    Example:
        >>> state, turning = torch.tensor([[3.0, 4.0]]), torch.tensor([[-4.0, 3.0]])
        >>> law = ConservedByMotion(lambda x: x.square().sum(-1))
        >>> float(law(turning, state)), float(law(state, state))  # d/dt |x|² = 2 x · ẋ
        (0.0, 2500.0)
    """

    def __init__(self, quantity: Callable[[Tensor], Tensor], scale: float = 1.0, weight: float = 1.0) -> None:
        super().__init__()
        if scale <= 0:
            raise ValueError(f"expected a scale > 0 of the rate of change, got {scale}: give one that counts as one")
        self.quantity, self.scale, self.weight = quantity, scale, weight

    def forward(self, prediction: Tensor, x: Tensor) -> Tensor:
        """Return Ω of a batch."""
        return self.residual(prediction, x).square().mean()

    def residual(self, prediction: Tensor, x: Tensor) -> Tensor:
        """Return the rate of change at each state. Shapes: (events,) or (events, components)."""
        if prediction.shape != x.shape:
            raise ValueError(
                f"a quantity conserved by motion expected a prediction of the shape of x, {tuple(x.shape)}, got "
                f"{tuple(prediction.shape)}: use it where the derivatives of the states in x are predicted"
            )
        return torch.func.jvp(self.quantity, (x,), (prediction,))[1] / self.scale
