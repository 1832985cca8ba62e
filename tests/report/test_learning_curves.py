import numpy as np
import pytest

from physml.report.learning_curves import plot_learning_curves, read_curves

CURVES = {
    "train/loss": ([0, 1, 2], [3.0, 2.0, 1.0]),
    "val/loss": ([2], [1.5]),
    "train/omega/energy": ([0, 1, 2], [0.1, 0.0, 0.2]),
    "train/J": ([0, 1, 2], [4.0, 3.0, 2.0]),
}


def test_curves_are_read_as_written(tmp_path):
    path = tmp_path / "metrics.csv"
    path.write_text("epoch,step,train/loss,val/loss\n0,0,3.0,\n0,1,2.5,\n0,1,,1.5\n")
    assert read_curves(path) == {"train/loss": ([0, 1], [3.0, 2.5]), "val/loss": ([1], [1.5])}


def test_one_panel_for_the_loss_and_one_for_each_constraint():
    figure = plot_learning_curves(CURVES)
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss", "Ω energy"]
    loss = figure.axes[0]
    assert [line.get_label() for line in loss.lines] == ["train", "val"]
    assert loss.lines[0].get_xydata().tolist() == [[0, 3], [1, 2], [2, 1]]


@pytest.mark.parametrize(
    ("values", "scale"),
    [([3.0, 2.0, 1.0], "log"), ([0.1, 0.0, 0.2], "log"), ([3.0, 2.0, -1.0], "linear"), ([0.0, 0.0, 0.0], "linear")],
)
def test_the_axis_is_logarithmic_where_nothing_is_negative_and_something_positive(values, scale):
    figure = plot_learning_curves({"train/loss": ([0, 1, 2], values)})
    assert figure.axes[0].get_yscale() == scale


def test_a_batch_that_obeys_a_constraint_exactly_is_a_gap_on_the_logarithmic_axis():
    axes = plot_learning_curves(CURVES).axes[1]
    axes.figure.draw_without_rendering()
    pixels = axes.transData.transform(axes.lines[0].get_xydata())[:, 1]
    assert np.isfinite(pixels).tolist() == [True, False, True]
    assert axes.get_ylim()[0] > 0.05  # the axis is not stretched towards the zero


@pytest.mark.parametrize("curves", [{}, {"val/loss": ([1], [2.0])}])
def test_a_run_too_short_for_curves(curves, tmp_path):
    plot_learning_curves(curves).savefig(tmp_path / "empty.png")


def test_a_constraint_obeyed_exactly_has_no_panel():
    curves = {"train/loss": ([0, 1], [3.0, 2.0]), "train/omega/sum": ([0, 1], [0.0, 1e-15])}
    assert [axes.get_ylabel() for axes in plot_learning_curves(curves).figure.axes] == ["loss"]
