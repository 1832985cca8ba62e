import io

import numpy as np
import pytest
import torch

from physml.data.showers import ShowerSource
from physml.metrics.showers import responses
from physml.ops.named import call
from physml.report.showers import plot_event, plot_response, typical_event


@pytest.fixture(scope="module")
def arrays():
    events = ShowerSource()(4, np.random.default_rng(0))
    batch = events[torch.arange(4)]
    return batch | {"target": batch["y"], "prediction": torch.full_like(batch["y"], 0.5)}


def test_an_event_shows_true_and_predicted_fractions_of_its_sensors(arrays):
    fractions = arrays["target"].flip(1)
    figure = call(plot_event, arrays | {"prediction": fractions})
    figure.savefig(io.BytesIO(), format="png", dpi=30)
    event = typical_event(fractions, arrays["target"], arrays["energy"], arrays["offsets"])
    points = slice(*arrays["offsets"][event : event + 2].tolist())
    for panel, title, shown in zip(figure.axes, ("True", "Predicted"), (arrays["target"], fractions), strict=False):
        assert panel.get_title().startswith(title)
        (cloud,) = panel.collections
        np.testing.assert_allclose(np.sort(cloud.get_array()), np.sort(shown[points, 0]))


def test_all_responses_are_counted(arrays):
    fractions = arrays["target"].clone()
    fractions[:, 1] *= 3  # beyond the axis
    figure = call(plot_response, arrays | {"prediction": fractions})
    figure.savefig(io.BytesIO(), format="png", dpi=30)
    for panel, mean in zip(figure.axes, (1, 3), strict=True):
        network = panel.patches[0].get_path().vertices[:, 1]
        assert network[1:-1:2].sum() == 4
        assert f"Network: ⟨R⟩ = {mean:.3f}, σ = 0.000" in panel.get_legend().get_texts()[0].get_text()


def test_the_spread_is_that_of_the_table(arrays):
    fractions = arrays["target"] * 0.5
    legend = call(plot_response, arrays | {"prediction": fractions.square()}).axes[0].get_legend().get_texts()[0]
    found = responses(fractions.square(), arrays["target"], arrays["energy"], arrays["offsets"])[:, 0]
    assert f"σ = {float(found.std()):.3f}" in legend.get_text()


def test_responses_need_no_impacts(arrays):
    names = ("prediction", "target", "energy", "offsets")
    figure = call(plot_response, {name: arrays[name] for name in names})
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert any("Network" in label for label in labels)
    assert not any("impact" in label for label in labels)


def test_a_shower_that_left_nothing_does_not_break_the_figures(arrays):
    target = arrays["target"].clone()
    target[: int(arrays["offsets"][1]), 1] = 0
    for plot in (plot_event, plot_response):
        call(plot, arrays | {"target": target}).savefig(io.BytesIO(), format="png", dpi=30)


def test_the_typical_event_has_the_median_of_the_worse_responses(arrays):
    prediction, target, energy, offsets = (arrays[name] for name in ("prediction", "target", "energy", "offsets"))
    worse = (responses(prediction, target, energy, offsets) - 1).abs().amax(1)
    assert worse[typical_event(prediction, target, energy, offsets)] == worse.sort().values[2]
