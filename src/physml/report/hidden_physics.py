"""Figures of a law of evolution that was learnt."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from physml.networks.hidden_physics import HiddenPhysics, formula
from physml.report.fields import plot_solution

Solve = Callable[[Callable[[Tensor], Tensor], Sequence[str], dict[str, np.ndarray]], tuple[Tensor, Tensor]]


def plot_learnt_evolution(
    network: HiddenPhysics,
    x: Tensor,
    solution: Callable[[], dict[str, np.ndarray]],
    solve: Solve,
    degree: int = 2,
    threshold: float = 0.1,
) -> Figure:
    """Draw the learnt law's solution from the start of a reference, its error, slices of both, and the law's formula.

    Of a complex solution it is the modulus that is drawn.

    Args:
        network: The fields and the law.
        x: Points at which the formula is read off, shape (points, 2).
        solution: Returns the reference: ``x`` (places,), ``t`` (times,) and ``u`` (places, times).
        solve: Solves the law beside the reference, as in `physml.metrics.learnt_law.EvolutionError`.
        degree: Highest degree of a monomial of the formula.
        threshold: Share of a rate below which a term is dropped.
    """
    reference = solution()
    found, truth = solve(network.law, network.inputs, reference)
    place, t = (torch.from_numpy(np.ascontiguousarray(reference[name])) for name in "xt")
    points = torch.cartesian_prod(place, t).flip(1)
    drawn = [(u.abs() if u.is_complex() else u).reshape(-1, 1) for u in (found, truth)]
    figure = plot_solution(points, *drawn)
    _write_formula(figure, formula(network, x, degree, threshold))
    return figure


def plot_learnt_flow(
    network: HiddenPhysics,
    x: Tensor,
    solution: Callable[[], dict[str, np.ndarray]],
    solve: Solve,
    degree: int = 2,
    threshold: float = 0.1,
    moments: int = 3,
) -> Figure:
    """Draw the vorticity of a learnt law at some times beside that of a reference, and its error.

    Args:
        network: The fields and the law.
        x: Points at which the formula is read off, shape (points, 3).
        solution: Returns the reference: ``x`` and ``y`` (places,), ``t`` (times,) and ``w`` (places, places, times).
        solve: Solves the law beside the reference, as in `physml.metrics.learnt_law.EvolutionError`.
        degree: Highest degree of a monomial of the formula.
        threshold: Share of a rate below which a term is dropped.
        moments: How many times to draw, equally spaced up to the last.
    """
    reference = solution()
    found, truth = (w.numpy() for w in solve(network.law, network.inputs, reference))
    figure = Figure(figsize=(3.6 * moments, 9), layout="constrained")
    rows = figure.subplots(3, moments, sharex=True, sharey=True, squeeze=False)
    limit = abs(truth).max()
    error = abs(found - truth).max()
    for number, column in enumerate(rows.T, start=1):
        moment = round(number * (len(reference["t"]) - 1) / moments)
        kinds = {"truth": (truth, limit), "learnt law": (found, limit), "error": (found - truth, error)}
        for panel, (title, (w, top)) in zip(column, kinds.items(), strict=True):
            drawn = panel.pcolormesh(
                reference["x"], reference["y"], w[..., moment].T, shading="nearest", cmap="RdBu", vmin=-top, vmax=top
            )
            panel.set(title=f"{title}, t = {reference['t'][moment]:.3g}", aspect="equal", xlabel="x", ylabel="y")
            if number == moments:
                figure.colorbar(drawn, ax=panel, label="vorticity w")
    _write_formula(figure, formula(network, x, degree, threshold))
    return figure


def _write_formula(figure: Figure, law: object) -> None:
    figure.suptitle("Solution of the learnt law, which reads\n" + str(law).replace(", ", "\n"))
