import numpy as np
import pytest
import torch

from physml.data.trajectories import DoublePendulumSource
from physml.physics.double_pendulum import Energy
from physml.report.trajectories import plot_energy, plot_forecast, plot_paths


@pytest.fixture
def arrays():
    batch = DoublePendulumSource(observed=5, horizon=8, angle=3.0, noise=0.05)(20, np.random.default_rng(0)).events
    noise = 0.1 * torch.randn(20, 8, 6, generator=torch.Generator().manual_seed(0))
    return batch | {"prediction": batch["truth"] + noise}


def test_forecast_shows_three_events_from_good_to_bad(arrays):
    figure = plot_forecast(arrays["prediction"], arrays["truth"], arrays["x"], dt=0.2)
    top = figure.axes[:3]
    errors = [float(panel.get_title().split(": ")[1].split()[0]) for panel in top]
    assert errors == sorted(errors)
    assert [line.get_label() for line in top[0].lines] == ["observed", "truth", "forecast"]
    assert top[0].lines[0].get_xdata().max() == 0
    assert top[0].lines[2].get_xdata().min() == pytest.approx(0.2)


def test_energy_figures_of_two_runs_share_their_axis(arrays):
    energy = Energy()
    first, second = (
        plot_energy(arrays[name], arrays["truth"], arrays["x"], dt=0.2, energy=energy)
        for name in ("prediction", "truth")
    )
    assert first.axes[0].get_ylim() == second.axes[0].get_ylim() == (-0.6, 0.6)
    assert "off by 0.000 m g l" in second.axes[0].get_title()


def test_energy_bands_enclose_the_stated_parts(arrays):
    figure = plot_energy(arrays["prediction"], arrays["truth"], arrays["x"], dt=0.2, energy=Energy())
    median = figure.axes[0].lines[1].get_ydata()
    error = Energy()(arrays["prediction"]) - Energy()(arrays["truth"])
    np.testing.assert_allclose(median, np.median(error.numpy(), axis=0), atol=1e-4)
    whole, most = (band.get_paths()[0].vertices for band in figure.axes[0].collections[2:])  # those of the forecast
    for band, parts in ((whole, (0.05, 0.95)), (most, (0.16, 0.84))):
        for time in range(8):
            at = band[np.isclose(band[:, 0], 0.2 * (time + 1)), 1]
            expected = np.quantile(error.numpy()[:, time], parts)
            np.testing.assert_allclose([at.min(), at.max()], expected, atol=1e-4)


def test_paths_stay_within_reach(arrays):
    figure = plot_paths(arrays["truth"], arrays["truth"], dt=0.3)
    for panel in figure.axes:
        assert "0.00 rad off" in panel.get_title()
        assert np.hypot(*panel.lines[0].get_data()).max() <= 2 + 1e-6
