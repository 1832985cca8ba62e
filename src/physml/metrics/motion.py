"""Figures of merit of learnt equations of motion, trajectory by trajectory."""

from typing import Any

from torch import Tensor, nn


def energy_error(motion: Tensor, future: Tensor, law: Any) -> Tensor:
    r"""Return the mean squared error of the energy along a trajectory.

    .. math:: \langle (H(\hat x_t) - H(x_t))^2 \rangle_t

    H is the true energy: a network may conserve its own and still be wrong.

    Units: those of the energy, squared.

    Source: the "energy MSE" of Greydanus, Dzamba and Yosinski 2019, arXiv 1906.01563.

    Args:
        motion: States by the learnt equations.
        future: True states.
        law: What has `energy`, H of states, such as `physml.physics.spring.Spring`.

    Shapes:
        motion, future (events, times, features) → (events,)
    """
    return (law.energy(motion) - law.energy(future)).square().mean(1)


def state_error(motion: Tensor, future: Tensor) -> Tensor:
    r"""Return the mean squared error of the states along a trajectory.

    .. math:: \langle (\hat x_{it} - x_{it})^2 \rangle_{i, t}

    Units: those of the states, squared.

    Shapes:
        motion, future (events, times, features) → (events,)
    """
    return (motion - future).square().mean((1, 2))


def derivative_error(network: nn.Module, future: Tensor, slope: Tensor) -> Tensor:
    r"""Return the mean squared error of the derivatives at the true states of a trajectory.

    .. math:: \langle (f_i(x_t) - \dot x_{it})^2 \rangle_{i, t}

    Units: those of the derivatives, squared.

    Args:
        network: f, which maps states to their derivatives.
        future: True states, without noise.
        slope: Their true derivatives.

    Shapes:
        future, slope (events, times, features) → (events,)
    """
    return (network(future) - slope).square().mean((1, 2))
