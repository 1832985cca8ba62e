"""Per-event figures of merit of the energy fractions of overlapping showers."""

from itertools import pairwise

import torch
from torch import Tensor

from physml.ops.segments import segment_index, segment_sum


def response(prediction: Tensor, target: Tensor, energy: Tensor, offsets: Tensor, shower: int = 0) -> Tensor:
    r"""Return the reconstructed over the true visible energy of one shower.

    .. math:: R_k = \frac{\sum_i E_i p_{ik}}{\sum_i E_i t_{ik}}

    Its mean should be one, and its standard deviation σ_R is the resolution that the overlap costs. Events in which the
    shower left no visible energy are not among those returned: it has no response.

    Units: dimensionless; `energy` in any unit.

    Source: Qasim, Kieseler, Iiyama and Pierini 2019, arXiv 1902.07987.

    Shapes:
        prediction p and target t (points, showers), energy E (points,), offsets (events + 1,)
        → (events in which the shower left energy,)
    """
    found, left = _responses(prediction[:, [shower]], target[:, [shower]], energy, offsets)
    return found[left]


def responses(prediction: Tensor, target: Tensor, energy: Tensor, offsets: Tensor) -> Tensor:
    """Return the `response` of all showers of all events, NaN where one left no energy, shape (events, showers)."""
    found, left = _responses(prediction, target, energy, offsets)
    return found.where(left, torch.nan)


def _responses(prediction: Tensor, target: Tensor, energy: Tensor, offsets: Tensor) -> tuple[Tensor, Tensor]:
    """Return the responses, and which showers left energy: those of the others mean nothing."""
    reconstructed = segment_sum(prediction * energy[:, None], offsets)
    true = segment_sum(target * energy[:, None], offsets)
    return reconstructed / true, true > 0


def is_found(prediction: Tensor, target: Tensor, energy: Tensor, offsets: Tensor) -> Tensor:
    r"""Return whether the response of each shower lies within 30 % of one, which a NaN does not.

    .. math:: |R_k - 1| < 0.3

    Source and units: as `response`.

    Shapes:
        as `responses`, bool
    """
    return (responses(prediction, target, energy, offsets) - 1).abs() < 0.3


def accuracy(prediction: Tensor, target: Tensor, energy: Tensor, offsets: Tensor) -> Tensor:
    """Return the share of an event's showers that are found (`is_found`), of those that left energy.

    Shapes: as `responses` → (events in which a shower left energy,)
    """
    left = (segment_sum(target * energy[:, None], offsets) > 0).sum(1)
    found = is_found(prediction, target, energy, offsets).sum(1)
    return (found.to(energy.dtype) / left)[left > 0]


def nearest_impact(position: Tensor, impact: Tensor, offsets: Tensor) -> Tensor:
    """Give each sensor's energy wholly to the shower whose true impact is nearest: the simplest classical rival.

    It knows the impacts, which a network that sees only the sensors does not.

    Units: `position` and `impact` in the same unit.

    Shapes:
        position (points, 3), impact (events, showers, 2), offsets (events + 1,) → fractions (points, showers)
    """
    distance = (position[:, None, :2] - impact[segment_index(offsets)]).square().sum(-1)
    return torch.nn.functional.one_hot(distance.argmin(1), impact.shape[1]).to(position.dtype)


def nearest_impact_response(
    position: Tensor, impact: Tensor, target: Tensor, energy: Tensor, offsets: Tensor, shower: int = 0
) -> Tensor:
    """Return `response` for the fractions of `nearest_impact`, which do not depend on the prediction."""
    return response(nearest_impact(position, impact, offsets), target, energy, offsets, shower)


def nearest_impact_accuracy(
    position: Tensor, impact: Tensor, target: Tensor, energy: Tensor, offsets: Tensor
) -> Tensor:
    """Return `accuracy` for the fractions of `nearest_impact`, which do not depend on the prediction."""
    return accuracy(nearest_impact(position, impact, offsets), target, energy, offsets)


def nearest_seed(energy: Tensor, position: Tensor, offsets: Tensor, separation: float = 2.5) -> Tensor:
    """Give each sensor's energy wholly to the nearer of two seeds: a classical rival that sees what a network sees.

    The first seed is the sensor of the highest energy; the second is the one of the highest energy that is at least
    `separation` away from it across the axis. The seed nearer to the axis stands for shower 0, as that shower enters
    nearer to it. With no sensor that far away there is one shower, 0. The loop over events is slow, but they are few.

    Units: `position` and `separation` in cm, `energy` in any unit.

    Shapes:
        energy (points,), position (points, 3), offsets (events + 1,) → fractions (points, 2)
    """
    fractions = energy.new_zeros(len(energy), 2)
    for start, stop in pairwise(offsets.tolist()):
        if start == stop:
            continue
        strength, xy = energy[start:stop], position[start:stop, :2]
        first = xy[strength.argmax()]
        far = (xy - first).norm(dim=1) >= separation
        if not far.any():
            fractions[start:stop, 0] = 1
            continue
        seeds = torch.stack([first, xy[strength.where(far, -torch.inf).argmax()]])
        seeds = seeds[seeds.norm(dim=1).argsort()]
        nearest = (xy[:, None] - seeds).square().sum(-1).argmin(1)
        fractions[start:stop] = torch.nn.functional.one_hot(nearest, 2).to(energy.dtype)
    return fractions


def nearest_seed_response(position: Tensor, target: Tensor, energy: Tensor, offsets: Tensor, shower: int = 0) -> Tensor:
    """Return `response` for the fractions of `nearest_seed`, which do not depend on the prediction."""
    return response(nearest_seed(energy, position, offsets), target, energy, offsets, shower)


def nearest_seed_accuracy(position: Tensor, target: Tensor, energy: Tensor, offsets: Tensor) -> Tensor:
    """Return `accuracy` for the fractions of `nearest_seed`, which do not depend on the prediction."""
    return accuracy(nearest_seed(energy, position, offsets), target, energy, offsets)
