import io
from functools import partial

import numpy as np
import pytest
import torch

from physml.data.showers import ShowerSource
from physml.ops.named import call
from physml.report.shower_scans import accuracy_scan, binned, plot_accuracy_scan, plot_response_scan


@pytest.fixture(scope="module")
def arrays():
    batch = ShowerSource()(300, np.random.default_rng(0))[torch.arange(300)]
    return batch | {"target": batch["y"], "prediction": batch["y"]}


def heights(panel):
    """The heights of the points by the rule's name."""
    return {bars.get_label(): bars.lines[0].get_ydata() for bars in panel.containers}


def test_the_truth_is_always_right_and_the_nearest_impact_is_not(arrays):
    for panel in call(plot_accuracy_scan, arrays).axes:
        found = heights(panel)
        assert np.nanmin(found["Network"]) == 1
        assert np.nanmin(found["Nearest true impact"]) < 1


def test_the_truth_has_the_response_one_without_spread(arrays):
    means, spreads = np.split(np.array(call(plot_response_scan, arrays).axes), 2)
    for panel in means:
        np.testing.assert_allclose(heights(panel)["Network"], 1, rtol=1e-6)
    for panel in spreads:
        found = heights(panel)
        np.testing.assert_allclose(found["Network"], 0, atol=1e-6)
        assert np.nanmin(found["Nearest true impact"]) > 0.01


def test_axes_are_the_distance_and_the_energy(arrays):
    distance, energy = call(plot_accuracy_scan, arrays).axes
    assert 2 < distance.containers[0].lines[0].get_xdata()[0] < 3
    assert 10 < energy.containers[0].lines[0].get_xdata()[0] < 25


def test_any_number_of_rules_is_compared(arrays):
    half = torch.full_like(arrays["target"], 0.5)
    rules = {"truth": arrays["target"], "half": half, "swapped": arrays["target"].flip(1)}
    rules |= {f"rule {number}": half for number in range(6)}
    found = heights(call(partial(accuracy_scan, rules), arrays).axes[0])
    assert found.keys() == rules.keys()
    assert np.nanmean(found["truth"]) > np.nanmean(found["half"]) > np.nanmean(found["swapped"])


def test_few_events_and_showers_without_energy_do_not_break_the_figures(arrays):
    batch = ShowerSource()(2, np.random.default_rng(1))[torch.arange(2)]
    target = batch["y"].clone()
    target[: int(batch["offsets"][1]), 1] = 0
    for plot in (plot_accuracy_scan, plot_response_scan):
        call(plot, batch | {"target": target, "prediction": batch["y"]}).savefig(io.BytesIO(), format="png", dpi=30)


def test_standard_errors_are_those_of_the_mean():
    rng = np.random.default_rng(0)
    x, values = rng.random(4000), rng.normal(size=(4000, 1))
    mean, error = binned(x, values, np.array([0.0, 0.25, 1.0]), np.mean)
    for number, inside in enumerate((x < 0.25, x >= 0.25)):
        assert mean[number] == pytest.approx(values[inside].mean())
        assert error[number] == pytest.approx(values[inside].std() / np.sqrt(inside.sum()), rel=0.2)


def test_values_of_one_event_are_drawn_together():
    rng = np.random.default_rng(0)
    x, edges = np.full(1000, 0.5), np.array([0.0, 1.0])
    values = rng.normal(size=(1000, 1))
    alone = binned(x, values, edges, np.mean)[1]
    np.testing.assert_allclose(binned(x, values.repeat(2, 1), edges, np.mean)[1], alone)
    # A value and its negative always cancel.
    np.testing.assert_allclose(binned(x, np.concatenate([values, -values], 1), edges, np.mean)[1], 0, atol=1e-12)


def test_rows_with_nan_are_left_out():
    mean, _ = binned(np.full(3, 0.5), np.array([[1.0], [np.nan], [3.0]]), np.array([0.0, 1.0]), np.mean)
    assert mean.tolist() == [2.0]
