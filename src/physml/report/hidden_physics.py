"""Figures of a law of evolution that was learnt."""

from collections.abc import Callable

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from physml.networks.hidden_physics import HiddenPhysics, formula
from physml.ops.pointwise_evolution import beside_reference
from physml.report.fields import plot_solution


def plot_learnt_evolution(
    network: HiddenPhysics,
    x: Tensor,
    solution: Callable[[], dict[str, np.ndarray]],
    substeps: int,
    waves: int,
    degree: int = 2,
    threshold: float = 0.05,
) -> Figure:
    """Draw the learnt law's solution from the start of a reference, its error, slices of both, and the law's formula.

    Args:
        network: The field and the law.
        x: Points at which the formula is read off, shape (points, 2).
        solution: Returns the reference: ``x`` (places,), ``t`` (times,) and ``u`` (places, times).
        substeps: Steps of the solver between two times.
        waves: Waves it keeps.
        degree: Highest degree of a monomial of the formula.
        threshold: Below which a coefficient of it is dropped.
    """
    reference = solution()
    found, truth = beside_reference(network.law, network.order, reference, substeps, waves)
    place, t = (torch.from_numpy(np.ascontiguousarray(reference[name])) for name in "xt")
    points = torch.cartesian_prod(place, t).flip(1)
    figure = plot_solution(points, found.reshape(-1, 1), truth.reshape(-1, 1))
    figure.suptitle(f"Solution of the learnt law, which reads u_t = {formula(network, x, degree, threshold)}")
    return figure
