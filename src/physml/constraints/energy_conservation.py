"""Conservation of energy along a forecast trajectory."""

from collections.abc import Callable

from torch import Tensor, nn


class EnergyConservation(nn.Module):
    r"""Mean squared drift of the energy of the forecast states from that of the observed ones.

    .. math::

        \Omega = \frac{1}{E_0^2} \left\langle \big(E(\hat y_t) - E_{ref}\big)^2 \right\rangle_t, \qquad
        E_{ref} = \frac{1}{T} \sum_{s=1}^{T} E(x_s)

    The mean over the observed window averages the noise of the measurements; :math:`E_{ref}` takes no knowledge of the
    future.

    Units: dimensionless.

    Args:
        energy: :math:`E`, energies (…,) of states (…, features).
        scale: :math:`E_0`, in the unit of `energy`: drifts of this size count as one.
        weight: γ, the weight of Ω in the objective.

    Shapes:
        prediction (events, horizon, features), x (events, observed, features) → scalar

    Raises:
        ValueError: `scale` is not positive, the states of prediction and x differ in their features, or `energy` does
            not give one value a state.
    """

    def __init__(self, energy: Callable[[Tensor], Tensor], scale: float = 1.0, weight: float = 1.0) -> None:
        super().__init__()
        if scale <= 0:
            raise ValueError(f"expected an energy scale > 0, got {scale}: give a typical energy of the system")
        self.energy = energy
        self.scale = scale
        self.weight = weight

    def forward(self, prediction: Tensor, x: Tensor) -> Tensor:
        """Return Ω of a batch."""
        return self.residual(prediction, x).square().mean()

    def residual(self, prediction: Tensor, x: Tensor) -> Tensor:
        """Return the drift at each time. Shapes: (events, horizon)."""
        if prediction.ndim != 3 or x.ndim != 3 or prediction.shape[-1] != x.shape[-1]:
            raise ValueError(
                "energy conservation expected prediction and x of shape (events, time, features), "
                f"got {tuple(prediction.shape)} and {tuple(x.shape)}: use it with forecasts of the states in x"
            )
        energy, reference = self.energy(prediction), self.energy(x)
        if energy.shape != prediction.shape[:-1]:
            raise ValueError(
                f"expected energies of shape {tuple(prediction.shape[:-1])}, got {tuple(energy.shape)}: "
                "energy must map states (…, features) to (…,)"
            )
        return (energy - reference.mean(dim=1, keepdim=True)) / self.scale
