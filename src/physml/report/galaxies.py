"""Figures of galaxies sorted into morphological classes."""

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from physml.physics.galaxy_survey import CLASSES


def plot_confusion(prediction: Tensor, target: Tensor) -> Figure:
    """Draw which classes are taken for which, as shares of each true class.

    Args:
        prediction: Scores of the classes, shape (events, classes).
        target: Number of the true class, shape (events,).
    """
    counts = np.zeros((len(CLASSES), len(CLASSES)), dtype=int)
    np.add.at(counts, (target.numpy(), prediction.argmax(-1).numpy()), 1)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)

    figure = Figure(figsize=(6.4, 5.2), layout="constrained")
    panel = figure.subplots()
    image = panel.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for true, row in enumerate(shares):
        for predicted, share in enumerate(row):
            label = f"{100 * share:.1f} %\n({counts[true, predicted]})"
            panel.text(predicted, true, label, ha="center", va="center", color="white" if share > 0.5 else "black")
    panel.set_xticks(range(len(CLASSES)), CLASSES, rotation=25, ha="right")
    panel.set_yticks(range(len(CLASSES)), CLASSES)
    panel.set(xlabel="Predicted class", ylabel="True class")
    accuracy = np.trace(counts) / max(len(target), 1)
    panel.set_title(f"{len(target)} test galaxies, accuracy {100 * accuracy:.1f} %")
    figure.colorbar(image, ax=panel, label="Share of the true class")
    return figure


def plot_examples(x: Tensor, prediction: Tensor, target: Tensor, columns: int = 6) -> Figure:
    """Draw a row of galaxies of each class with the predicted class and its probability, wrong ones in red.

    The left half of a row are its first galaxies, the right half those whose true class got the least probability.

    Args:
        x: Images on the scale that the network sees, shape (events, 1, size, size).
        prediction: Logits of the classes, shape (events, classes).
        target: Number of the true class, shape (events,).
        columns: Galaxies in each row.
    """
    probability = prediction.softmax(-1)
    figure = Figure(figsize=(1.8 * columns, 2.05 * len(CLASSES)), layout="constrained")
    panels = figure.subplots(len(CLASSES), columns, squeeze=False)
    for true, row in enumerate(panels):
        for panel in row:
            panel.set(xticks=[], yticks=[])
        row[0].set_ylabel(CLASSES[true])
        of_class = (target == true).nonzero()[:, 0]
        doubtful = of_class[probability[of_class, true].argsort()][: columns // 2]
        others = [event for event in of_class.tolist() if event not in doubtful.tolist()]
        for panel, event in zip(row, others[: columns - len(doubtful)] + doubtful.tolist(), strict=False):
            share, predicted = probability[event].max(0)
            panel.imshow(x[event, 0].numpy(), cmap="gray", origin="lower")
            colour = "black" if predicted == true else "firebrick"
            panel.set_title(f"{CLASSES[predicted]} {100 * share:.0f} %", fontsize=9, color=colour)
    figure.suptitle("Predicted class and its probability; the right half of each row is where the network errs most")
    return figure
