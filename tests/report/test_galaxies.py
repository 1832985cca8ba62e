"""Figures of classified galaxies, read back from what they draw."""

import torch
from matplotlib.figure import Figure

from physml.physics.galaxy_survey import CLASSES
from physml.report.galaxies import plot_confusion, plot_examples


def logits(predicted):
    return 5.0 * torch.nn.functional.one_hot(torch.tensor(predicted), len(CLASSES))


def test_confusion_shows_shares_of_the_true_class():
    figure = plot_confusion(logits([0, 0, 1, 4]), torch.tensor([0, 1, 1, 4]))
    image = figure.axes[0].images[0].get_array()
    assert image[1].tolist() == [0.5, 0.5, 0, 0, 0]
    assert image[2].tolist() == [0] * 5  # no such galaxy
    assert "75.0 %" in figure.axes[0].get_title()


def test_examples_put_the_wrong_ones_right_and_in_red():
    target = torch.tensor([2] * 6)
    figure = plot_examples(torch.rand(6, 1, 8, 8), logits([2, 3, 2, 2, 2, 2]), target, columns=4)
    assert isinstance(figure, Figure)
    row = figure.axes[8:12]
    assert row[0].get_ylabel() == "spiral"
    assert [panel.title.get_color() for panel in row] == ["black", "black", "firebrick", "black"]
    assert row[2].get_title().startswith("barred spiral 97 %")


def test_examples_do_with_few_events():
    assert isinstance(plot_examples(torch.rand(1, 1, 8, 8), logits([0]), torch.tensor([0])), Figure)
