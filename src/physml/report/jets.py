"""Figures of an anomaly search among jets."""

from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from torch import Tensor, nn

from physml.metrics.anomaly import image_of, reconstruction_error
from physml.metrics.area_under_roc import AreaUnderRoc

CLASSES = ("QCD", "top")


def plot_roc(prediction: Any, target: Tensor, label: Tensor, mass: Tensor) -> Figure:
    """Draw how much background is rejected at each efficiency for top jets, and the scores of both kinds of jets.

    The jet mass, the strongest observable that one would think of without a network, is drawn beside it.

    Args:
        prediction: Reconstructed images, see :func:`physml.metrics.anomaly.image_of`.
        target: True images, percent, shape (events, 1, H, W).
        label: 1 for a top jet, 0 for a QCD jet, shape (events,).
        mass: Invariant mass of the jet, GeV, shape (events,).
    """
    score = reconstruction_error(prediction, target)
    figure = Figure(figsize=(10, 4.4), layout="constrained")
    curve, histogram = figure.subplots(1, 2)
    for name, values, style in (("reconstruction error", score, "-"), ("jet mass", mass, "--")):
        signal, background = efficiencies(values, label)
        metric = AreaUnderRoc(lambda values: values)
        metric.update({"values": values, "label": label})
        area = f"AUC {float(metric.compute()):.3f} ± {float(metric.uncertainty()):.3f}"
        seen = background > 0
        curve.plot(
            signal[seen], 1 / background[seen], style, color="C0" if style == "-" else "0.4", label=f"{name}, {area}"
        )
    chance = np.linspace(0.01, 1, 100)
    curve.plot(chance, 1 / chance, ":", color="0.7", label="chance")
    curve.set(xlabel="Efficiency for top jets", ylabel="1 / efficiency for QCD jets", yscale="log", xlim=(0, 1))
    curve.legend()

    edges = np.geomspace(*np.quantile(score.numpy().clip(1e-12), [0.001, 0.999]), 41)
    for number, name in enumerate(CLASSES):
        histogram.hist(score[label == number].numpy(), edges, histtype="step", label=f"{name} jets")
    histogram.set(xlabel="Mean squared error of a pixel (%²)", ylabel="Test jets", xscale="log")
    histogram.legend()
    return figure


def efficiencies(score: Tensor, label: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Return the shares of signal and of background that score above each of the scores, falling thresholds.

    Units: pure numbers.

    Args:
        score: Larger for signal, shape (events,).
        label: 1 signal, 0 background, shape (events,).
    """
    order = torch.argsort(score, descending=True)
    signal = label[order].double()
    return tuple((kind.cumsum(0) / kind.sum().clamp(min=1)).numpy() for kind in (signal, 1 - signal))


def plot_averages(prediction: Any, target: Tensor, label: Tensor) -> Figure:
    """Draw the average image of each kind of jet, and the average of what is reconstructed.

    Args:
        prediction: Reconstructed images, see :func:`physml.metrics.anomaly.image_of`.
        target: True images, percent, shape (events, 1, H, W).
        label: 1 for a top jet, 0 for a QCD jet, shape (events,).
    """
    figure = Figure(figsize=(7.6, 7), layout="constrained")
    panels = figure.subplots(2, 2)
    for row, (number, name) in zip(panels, enumerate(CLASSES), strict=True):
        chosen = label == number
        for panel, images, kind in zip(row, (target, image_of(prediction)), ("average", "reconstructed"), strict=True):
            drawn = _draw(panel, images[chosen, 0].mean(0))
            panel.set_title(f"{name} jets, {kind}")
    figure.colorbar(drawn, ax=panels, label="$p_T$ in a pixel (%)", extend="min")
    return figure


def plot_reconstructions(prediction: Any, target: Tensor, label: Tensor, columns: int = 6) -> Figure:
    """Draw some jets of each kind above their reconstructions, with the errors, from small to large ones.

    Args:
        prediction: Reconstructed images, see :func:`physml.metrics.anomaly.image_of`.
        target: True images, percent, shape (events, 1, H, W).
        label: 1 for a top jet, 0 for a QCD jet, shape (events,).
        columns: Jets of each kind, at evenly spaced ranks of their error.
    """
    score = reconstruction_error(prediction, target)
    figure = Figure(figsize=(1.9 * columns, 8), layout="constrained")
    panels = figure.subplots(4, columns, squeeze=False)
    for number, name in enumerate(CLASSES):
        of_kind = (label == number).nonzero()[:, 0]
        ranked = of_kind[score[of_kind].argsort()]
        chosen = ranked[torch.linspace(0.05, 0.95, columns).mul(len(ranked)).long()] if len(ranked) else ranked
        for column, event in enumerate(chosen.tolist()):
            for panel, images in zip(
                panels[2 * number : 2 * number + 2, column], (target, image_of(prediction)), strict=True
            ):
                drawn = _draw(panel, images[event, 0])
            panels[2 * number, column].set_title(f"{name}, error {score[event]:.2g} %²", fontsize=9)
        panels[2 * number, 0].set_ylabel("True")
        panels[2 * number + 1, 0].set_ylabel("Reconstructed")
    figure.colorbar(drawn, ax=panels, label="$p_T$ in a pixel (%)", extend="min")
    return figure


def plot_samples(network: nn.Module, target: Tensor, label: Tensor, columns: int = 6) -> Figure:
    """Draw images that the network makes of random latent numbers, below QCD jets as it should make them.

    A network that draws no samples (only a variational autoencoder does) is said so.

    Args:
        network: The network; its ``sample(count, generator)`` gives images, shape (count, 1, H, W).
        target: True images, percent, shape (events, 1, H, W).
        label: 1 for a top jet, 0 for a QCD jet, shape (events,).
        columns: Images in each of the two rows.
    """
    if not hasattr(network, "sample"):
        figure = Figure(figsize=(7, 1))
        text = f"{type(network).__name__} draws no samples: use network=variational_autoencoder loss=evidence"
        figure.text(0.5, 0.5, text, ha="center", va="center")
        return figure
    sampled = network.sample(1000, torch.Generator().manual_seed(0)).cpu()
    figure = Figure(figsize=(1.9 * (columns + 1), 4.2), layout="constrained")
    panels = figure.subplots(2, columns + 1)
    for row, images, name in zip(panels, (target[label == 0], sampled), ("Simulated QCD", "Sampled"), strict=True):
        row[0].set_ylabel(name)
        drawn = _draw(row[0], images[:, 0].mean(0))
        for panel, image in zip(row[1:], images, strict=False):
            _draw(panel, image[0])
    panels[0, 0].set_title("Average")
    figure.colorbar(drawn, ax=panels, label="$p_T$ in a pixel (%)", extend="min")
    return figure


def _draw(panel: Axes, image: Tensor) -> Any:
    panel.set(xticks=[], yticks=[])
    return panel.imshow(image.clamp(min=1e-3).numpy(), origin="lower", cmap="magma", norm=LogNorm(1e-2, 10))
