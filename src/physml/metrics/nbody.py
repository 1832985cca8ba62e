"""Per-event figures of merit of predicted positions of bodies."""

from torch import Tensor


def position_error(prediction: Tensor, target: Tensor) -> Tensor:
    """Mean squared error of an event's coordinates, as in Satorras et al. 2021, arXiv 2102.09844, table 2.

    Units:
        Length squared.

    Shapes:
        prediction, target: (events, bodies, 3); returns (events,).
    """
    return (prediction - target).square().mean((1, 2))


def linear_error(x: Tensor, target: Tensor, duration: float = 1.0) -> Tensor:
    """Compute the same for bodies that keep their velocities for `duration`: what any network has to beat.

    Shapes:
        x: (events, bodies, 7) position, velocity, charge; target: (events, bodies, 3); returns (events,).
    """
    return position_error(x[..., :3] + duration * x[..., 3:6], target)


def centre_of_mass_error(prediction: Tensor, target: Tensor) -> Tensor:
    """Distance between the predicted and the true centre of (equal) masses: how badly momentum is conserved.

    Units:
        Length.

    Shapes:
        prediction, target: (events, bodies, 3); returns (events,).
    """
    return (prediction - target).mean(1).norm(dim=-1)
