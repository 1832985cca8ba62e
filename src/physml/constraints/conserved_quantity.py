"""A forecast trajectory keeps what its motion conserves: energy, momentum, angular momentum."""

from collections.abc import Callable

from torch import Tensor, nn


class ConservedQuantity(nn.Module):
    r"""Mean squared drift of a conserved quantity, from the given states to the forecast ones.

    .. math::

        \Omega = \frac{1}{Q_0^2} \left\langle \big(Q(\hat y_t) - Q_{ref}\big)^2 \right\rangle_t, \qquad
        Q_{ref} = \frac{1}{T} \sum_{s=1}^{T} Q(x_s)

    The mean over the observed window averages the noise of the measurements; :math:`Q_{ref}` takes no knowledge of the
    future. Q may have several components, as a momentum has; the mean is over these, too.

    Units: dimensionless.

    Args:
        quantity: Q, values (…,) or (…, components) of states (…, features), such as
            `physml.physics.double_pendulum.Energy` or `physml.physics.gravity.angular_momentum`.
        scale: :math:`Q_0`, in the unit of Q: drifts of this size count as one.
        weight: γ, the weight of Ω in the objective.

    Shapes:
        prediction (events, horizon, features), x (events, observed, features) or (events, features) → scalar

    Raises:
        ValueError: `scale` is not positive, the states of prediction and x differ in their features, or `quantity` does
            not give one value, or one vector, a state.
    """

    def __init__(self, quantity: Callable[[Tensor], Tensor], scale: float = 1.0, weight: float = 1.0) -> None:
        super().__init__()
        if scale <= 0:
            raise ValueError(f"expected a scale > 0 of the conserved quantity, got {scale}: give a typical value of it")
        self.quantity, self.scale, self.weight = quantity, scale, weight

    def forward(self, prediction: Tensor, x: Tensor) -> Tensor:
        """Return Ω of a batch."""
        return self.residual(prediction, x).square().mean()

    def residual(self, prediction: Tensor, x: Tensor) -> Tensor:
        """Return the drift at each time. Shapes: (events, horizon) or (events, horizon, components)."""
        given = x[:, None] if x.ndim == 2 else x
        if prediction.ndim != 3 or given.ndim != 3 or prediction.shape[-1] != x.shape[-1]:
            raise ValueError(
                "a conserved quantity expected a prediction (events, time, features) and x alike or of one state an "
                f"event, got {tuple(prediction.shape)} and {tuple(x.shape)}: use it with forecasts of the states in x"
            )
        value, reference = self.quantity(prediction), self.quantity(given)
        if value.shape[:2] != prediction.shape[:2] or value.ndim > 3 or value.shape[2:] == prediction.shape[2:]:
            raise ValueError(
                f"expected one value or one vector for each of {tuple(prediction.shape[:2])} states, got values of "
                f"shape {tuple(value.shape)}: quantity must map states (…, features) to (…,) or (…, components)"
            )
        return (value - reference.mean(dim=1, keepdim=True)) / self.scale
