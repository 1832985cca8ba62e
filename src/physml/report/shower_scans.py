"""Figures of merit of overlapping showers against the distance of their impacts and their energy."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from physml.metrics.showers import is_found, nearest_impact, nearest_seed, responses

Array = NDArray[np.float64]
Statistic = Callable[..., Array]
MARKERS = "osD^vPX*"


def rivals(energy: Tensor, offsets: Tensor, position: Tensor, impact: Tensor) -> dict[str, Tensor]:
    """Return the fractions that the classical rules of `physml.metrics.showers` give, by the rules' names.

    Arguments: as `plot_accuracy_scan`.

    Shapes:
        dict of (points, showers)
    """
    return {
        "Nearest true impact": nearest_impact(position, impact, offsets),
        "Nearest seed": nearest_seed(energy, position, offsets),
    }


def plot_accuracy_scan(
    prediction: Tensor,
    target: Tensor,
    energy: Tensor,
    offsets: Tensor,
    position: Tensor,
    impact: Tensor,
    beam_energy: Tensor,
) -> Figure:
    """Draw `accuracy_scan` of a network beside the classical rules, `rivals`.

    Args:
        prediction: Predicted fractions, shape (points, showers).
        target: True fractions, shape (points, showers).
        energy: Energies of the sensors in GeV, shape (points,).
        offsets: Event i owns the points offsets[i]:offsets[i + 1], shape (events + 1,).
        position: x, y, z of the sensors in cm, shape (points, 3).
        impact: True impacts x, y of the two showers in cm, shape (events, 2, 2).
        beam_energy: Energies of the two pions in GeV, shape (events, 2).
    """
    rules = {"Network": prediction, **rivals(energy, offsets, position, impact)}
    return accuracy_scan(rules, target, energy, offsets, impact, beam_energy)


def plot_response_scan(
    prediction: Tensor,
    target: Tensor,
    energy: Tensor,
    offsets: Tensor,
    position: Tensor,
    impact: Tensor,
    beam_energy: Tensor,
) -> Figure:
    """Draw `response_scan` of a network beside the classical rules, `rivals`; arguments as `plot_accuracy_scan`."""
    rules = {"Network": prediction, **rivals(energy, offsets, position, impact)}
    return response_scan(rules, target, energy, offsets, impact, beam_energy)


def accuracy_scan(
    rules: Mapping[str, Tensor], target: Tensor, energy: Tensor, offsets: Tensor, impact: Tensor, beam_energy: Tensor
) -> Figure:
    """Draw the share of showers with a response within 30 % of one against the distance and the energy.

    Bars are standard errors, by resampling the events (against the energy, the showers). The points of a bin stand
    beside each other.

    Args:
        rules: Fractions by the name of what gave them, each of shape (points, showers).
        target: True fractions, shape (points, showers).
        energy: Energies of the sensors in GeV, shape (points,).
        offsets: Event i owns the points offsets[i]:offsets[i + 1], shape (events + 1,).
        impact: True impacts x, y of the two showers in cm, shape (events, 2, 2).
        beam_energy: Energies of the two pions in GeV, shape (events, 2).
    """
    figure = Figure(figsize=(11, 4.4), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    found = {name: is_found(fractions, target, energy, offsets).double().numpy() for name, fractions in rules.items()}
    _scan(panels, found, np.mean, impact, beam_energy)
    panels[0].set(ylabel="Share of showers with |R − 1| < 0.3", ylim=(None, 1.02))
    panels[0].legend(frameon=False, loc="lower right")
    figure.suptitle(f"Showers whose energy is found within 30 %, of {len(impact)} test events")
    return figure


def response_scan(
    rules: Mapping[str, Tensor], target: Tensor, energy: Tensor, offsets: Tensor, impact: Tensor, beam_energy: Tensor
) -> Figure:
    """Draw the mean and the standard deviation of the response against the distance and the energy.

    Showers without any visible energy are left out. Bars and arguments: as `accuracy_scan`.
    """
    figure = Figure(figsize=(11, 7.6), layout="constrained")
    panels = figure.subplots(2, 2, sharex="col", sharey="row")
    found = {name: responses(fractions, target, energy, offsets).double().numpy() for name, fractions in rules.items()}
    _scan(panels[0], found, np.mean, impact, beam_energy)
    _scan(panels[1], found, partial(np.std, ddof=1), impact, beam_energy)
    for panel in panels[0]:
        panel.axhline(1, color="0.6", linewidth=0.8, linestyle=":")
        panel.set_xlabel("")
    panels[0, 0].set_ylabel("Mean response ⟨R⟩")
    panels[1, 0].set(ylabel="Standard deviation σ of the response", ylim=(0, None))
    panels[0, 0].legend(frameon=False)
    figure.suptitle(f"Found over true visible energy R of the showers, of {len(impact)} test events")
    return figure


def _scan(
    panels: NDArray, values: Mapping[str, Array], statistic: Statistic, impact: Tensor, beam_energy: Tensor
) -> None:
    """Draw a statistic of values (events, 2) against the distance and against the energy."""
    distance = (impact[:, 1] - impact[:, 0]).norm(dim=-1).double().numpy()
    _points(panels[0], distance, values, statistic)
    alone = {name: each.reshape(-1, 1) for name, each in values.items()}
    _points(panels[1], beam_energy.double().numpy().ravel(), alone, statistic)
    panels[0].set_xlabel("Distance of the impacts (cm)")
    panels[1].set_xlabel("Energy of the pion (GeV)")


def _points(panel: Axes, x: Array, values: Mapping[str, Array], statistic: Statistic) -> None:
    edges = np.linspace(x.min(), x.max(), 9)
    centre, step = 0.5 * (edges[1:] + edges[:-1]), 0.1 * (edges[1] - edges[0])
    for number, (name, each) in enumerate(values.items()):
        height, error = binned(x, each, edges, statistic)
        shifted = centre + step * (number - 0.5 * (len(values) - 1))
        marker = MARKERS[number % len(MARKERS)]
        panel.errorbar(shifted, height, yerr=error, fmt=f"{marker}-", markersize=4.5, linewidth=0.8, label=name)


def binned(x: Array, values: Array, edges: Array, statistic: Statistic, resamples: int = 200) -> tuple[Array, Array]:
    """Return a statistic of the values in bins of x and its standard error by the bootstrap (Efron 1979).

    Args:
        x: What is binned, shape (rows,).
        values: Values that belong together, which are drawn together, shape (rows, values); rows with NaN are left out.
        edges: Edges of the bins; the outermost bins take what lies beyond.
        statistic: Reduces the dimension `axis`.
        resamples: How often the rows of a bin are drawn anew.

    Returns:
        Statistics and standard errors, each of shape (bins,); NaN for a bin of fewer than two rows.

    Example:
        >>> binned(np.array([0.1, 0.2, 0.9]), np.array([[1.0], [3.0], [9.0]]), np.array([0, 0.5, 1]), np.mean)[0]
        array([ 2., nan])
    """
    rng = np.random.default_rng(0)
    known = np.isfinite(values).all(1)
    x, values = x[known], values[known]
    bins = np.digitize(x, edges[1:-1])
    found = np.full((2, len(edges) - 1), np.nan)
    for number in range(len(edges) - 1):
        rows = values[bins == number]
        if len(rows) < 2:
            continue
        drawn = rows[rng.integers(len(rows), size=(resamples, len(rows)))].reshape(resamples, -1)
        found[:, number] = statistic(rows.ravel(), axis=0), statistic(drawn, axis=1).std()
    return found[0], found[1]
