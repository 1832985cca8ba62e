import numpy as np
import pytest
import torch
from matplotlib.animation import Animation
from torch import nn

from physml.callbacks.figures import _save
from physml.data.fluid import WaterSource
from physml.report.fluid import animate_rollout, plot_conservation, plot_rollout_error


class Falling(nn.Module):
    """Free fall, without walls."""

    def forward(self, x):
        return 2 * x[:, -1] - x[:, -2] - torch.tensor([0.0, 1e-4])


@pytest.fixture(scope="module")
def arrays():
    batch = WaterSource(windows=1, horizon=8, frames=20)(4, np.random.default_rng(0))[slice(None)]
    return {name: batch[name] for name in ("x", "future", "offsets")} | {"network": Falling(), "dt": 0.01}


def test_the_animation_shows_truth_and_rollout(arrays, tmp_path):
    animation = animate_rollout(**arrays, event=1, every=4)
    assert isinstance(animation, Animation)
    file = _save(animation, tmp_path / "rollout")
    assert file.name == "rollout.gif"
    assert file.read_bytes().startswith(b"GIF8")
    truth, learnt = (panel.lines[0].get_xydata() for panel in animation._fig.axes)
    a, b = arrays["offsets"][1:3].tolist()
    np.testing.assert_allclose(truth, arrays["future"][a:b, 4], atol=1e-6)  # the last picture
    assert learnt.shape == truth.shape


def test_errors_of_the_rollout_are_drawn_between_the_least_and_the_greatest(arrays):
    figure = plot_rollout_error(**arrays)
    assert figure.axes[0].get_title().startswith("4 rollouts of 8 frames")
    assert figure.axes[0].get_yscale() == "log"
    uniform, learnt = (line.get_ydata() for line in figure.axes[0].lines)
    assert learnt[-1] < uniform[-1]  # gravity is learnt
    for mean, band in zip((uniform, learnt), figure.axes[0].collections, strict=True):
        for time, value in enumerate(mean):
            at = band.get_paths()[0].vertices
            at = at[np.isclose(at[:, 0], 0.01 * (time + 1)), 1]
            assert at.min() <= value <= at.max()
            assert at.min() < at.max()


def test_momentum_of_the_truth_and_of_free_fall(arrays):
    figure = plot_conservation(**arrays, events=1)
    _, vertical, mass = figure.axes
    truth, learnt = vertical.lines
    assert (truth.get_linestyle(), learnt.get_linestyle()) == ("--", "-")
    np.testing.assert_allclose(np.diff(learnt.get_ydata()), -0.01, atol=2e-4)  # −g Δt
    assert (np.asarray(mass.lines[0].get_ydata()) == 1).all()
