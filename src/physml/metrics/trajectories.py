"""Figures of merit of forecast trajectories, event by event."""

from collections.abc import Callable

import torch
from torch import Tensor

from physml.physics import double_pendulum


def angle_error(prediction: Tensor, truth: Tensor) -> Tensor:
    r"""Return the root mean square error of the forecast angles.

    .. math:: \sqrt{\langle [\hat\theta_{i,t} - \theta_{i,t}]^2 \rangle_{i,t}}

    The difference :math:`[\,\cdot\,]` is taken on the circle.

    Units: rad.

    Args:
        prediction: Forecast states of the double pendulum.
        truth: True states, without noise.

    Shapes:
        (events, horizon, 6), (events, horizon, 6) → (events,)
    """
    return angle_difference(prediction, truth).square().mean((1, 2)).sqrt()


def energy_drift(prediction: Tensor, truth: Tensor, energy: Callable[[Tensor], Tensor]) -> Tensor:
    r"""Return the root mean square difference of the forecast's energy from the true, conserved one.

    .. math:: \sqrt{\langle (E(\hat y_t) - E(y_t))^2 \rangle_t}

    Units: those of `energy`.

    Args:
        prediction: Forecast states.
        truth: True states, without noise.
        energy: :math:`E`, energies (…,) of states (…, features).

    Shapes:
        (events, horizon, features), (events, horizon, features) → (events,)
    """
    return (energy(prediction) - energy(truth)).square().mean(1).sqrt()


def valid_time(prediction: Tensor, truth: Tensor, dt: float, tolerance: float = 0.25) -> Tensor:
    r"""Return how long all angles stay close to the truth; the whole horizon where they never leave it.

    .. math:: \max \{ t : |[\hat\theta_{i,s} - \theta_{i,s}]| \le \delta \;\; \text{for all } i, s \le t \}

    Units: that of `dt`.

    Args:
        prediction: Forecast states of the double pendulum.
        truth: True states, without noise.
        dt: Time between two states.
        tolerance: :math:`\delta` in rad.

    Shapes:
        (events, horizon, 6), (events, horizon, 6) → (events,)
    """
    close = angle_difference(prediction, truth).abs().amax(-1) <= tolerance
    return dt * close.cumprod(1).sum(1).to(prediction.dtype)


def angle_difference(prediction: Tensor, truth: Tensor) -> Tensor:
    """Return the differences of the angles on the circle, in (−π, π]. Shapes: (…, 6), (…, 6) → (…, 2)."""
    difference = double_pendulum.decode(prediction)[0] - double_pendulum.decode(truth)[0]
    return torch.atan2(torch.sin(difference), torch.cos(difference))
