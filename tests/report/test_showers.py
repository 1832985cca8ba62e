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


def test_figures_are_drawn(arrays):
    for plot in (plot_event, plot_response):
        call(plot, arrays).savefig(io.BytesIO(), format="png", dpi=30)


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
