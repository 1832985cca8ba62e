"""Figures of forecast trajectories of the double pendulum: angles, energy, and the paths of the masses."""

from collections.abc import Callable

import numpy as np
import torch
from matplotlib.figure import Figure
from scipy.interpolate import CubicHermiteSpline
from torch import Tensor

from physml.metrics.trajectories import angle_difference, angle_error, energy_drift
from physml.physics import double_pendulum


def plot_forecast(prediction: Tensor, truth: Tensor, x: Tensor, dt: float) -> Figure:
    """Draw the angles of three events against the truth: a good one, the median one and a bad one.

    Args:
        prediction: Forecast states, shape (events, horizon, 6).
        truth: True states without noise, shape (events, horizon, 6).
        x: Observed states, shape (events, observed, 6).
        dt: Time between two states, in √(l/g).
    """
    figure = Figure(figsize=(11, 5), layout="constrained")
    panels = figure.subplots(2, 3, sharex=True, sharey="row")
    past, future = _times(x, prediction, dt)
    errors = angle_error(prediction, truth)
    for column, (name, event) in zip(panels.T, _events(errors).items(), strict=True):
        observed, true, forecast = (
            double_pendulum.decode(states[event])[0].numpy() for states in (x, truth, prediction)
        )
        for mass, panel in enumerate(column):
            panel.plot(past, observed[:, mass], "o", ms=3, color="0.6", label="observed")
            panel.plot(future, _unbroken(true[:, mass]), color="black", lw=2.5, alpha=0.35, label="truth")
            panel.plot(future, _unbroken(forecast[:, mass]), color="C0", label="forecast")
        column[0].set_title(f"{name} (event {event}): {errors[event]:.2f} rad rms")
        column[1].set_xlabel(r"time / $\sqrt{l/g}$")
    panels[0, 0].set_ylabel(r"$\theta_1$ (rad)")
    panels[1, 0].set_ylabel(r"$\theta_2$ (rad)")
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def plot_energy(
    prediction: Tensor,
    truth: Tensor,
    x: Tensor,
    dt: float,
    energy: Callable[[Tensor], Tensor],
    limit: float = 0.6,
    unit: str = "m g l",
) -> Figure:
    """Draw how far the energy of the forecasts is from the conserved one, over the test events.

    The axis is fixed, so that the figures of two runs (with and without the constraint) compare at a glance.

    Args:
        prediction: Forecast states, shape (events, horizon, features).
        truth: True states without noise, shape (events, horizon, features).
        x: Observed states, shape (events, observed, features).
        dt: Time between two states, in √(l/g).
        energy: Energies (…,) of states (…, features).
        limit: End of the energy axis, in the unit of `energy`.
        unit: Unit of `energy`, for the axis.
    """
    figure = Figure(figsize=(6, 4.5), layout="constrained")
    panel = figure.subplots()
    past, future = _times(x, prediction, dt)
    reference = energy(truth).mean(1, keepdim=True)
    for times, states, colour, label in ((past, x, "0.5", "observed"), (future, prediction, "C0", "forecast")):
        error = (energy(states) - reference).numpy()
        low, lower, median, upper, high = np.quantile(error, [0.05, 0.16, 0.5, 0.84, 0.95], axis=0)
        panel.fill_between(times, low, high, color=colour, alpha=0.2, lw=0, label=f"{label}: 90 % of events")
        panel.fill_between(times, lower, upper, color=colour, alpha=0.4, lw=0, label=f"{label}: 68 %")
        panel.plot(times, median, color=colour)
    panel.axhline(0, color="black", lw=0.8)
    drift = energy_drift(prediction, truth, energy).mean()
    panel.set(
        xlabel=r"time / $\sqrt{l/g}$",
        ylabel=f"$E - E_{{true}}$ ({unit})",
        ylim=(-limit, limit),
        title=f"Energy of {len(x)} test events, forecast off by {drift:.3f} {unit}",
    )
    figure.legend(loc="outside lower center", ncols=2, fontsize="small")
    return figure


def plot_paths(prediction: Tensor, truth: Tensor, dt: float) -> Figure:
    """Draw the path of the lower mass in the plane for three events: a good one, the median one and a bad one.

    Between the states the angles follow the cubic that has the states' angular velocities. The pendulum is drawn as it
    is at the end, and the title tells how far its angles are off then.

    Args:
        prediction: Forecast states, shape (events, horizon, 6).
        truth: True states without noise, shape (events, horizon, 6).
        dt: Time between two states, in √(l/g).
    """
    figure = Figure(figsize=(11, 4), layout="constrained")
    errors = angle_error(prediction, truth)
    pendulum = double_pendulum.DoublePendulum()
    for panel, (name, event) in zip(figure.subplots(1, 3, sharey=True), _events(errors).items(), strict=True):
        for states, style, label in (
            (truth, {"color": "black", "lw": 2.5, "alpha": 0.35}, "truth"),
            (prediction, {"color": "C0"}, "forecast"),
        ):
            upper, lower = pendulum.tips(_fine_angles(states[event], dt)).unbind(1)
            panel.plot(*lower.T.numpy(), label=label, **style)
            rods = torch.stack([torch.zeros(2), upper[-1], lower[-1]])
            panel.plot(*rods.T.numpy(), "o-", ms=4, color=style["color"], alpha=style.get("alpha", 1), lw=1)
        late = angle_difference(prediction, truth)[event, -1].abs().max()
        panel.set(title=f"{name} (event {event}): {late:.2f} rad off", xlabel="x / l", xlim=(-2.1, 2.1))
        panel.set(ylim=(-2.1, 1.6), aspect="equal")
    figure.axes[0].set_ylabel("y / l")
    figure.axes[0].legend(fontsize="small", loc="upper left")
    return figure


def _times(x: Tensor, prediction: Tensor, dt: float) -> tuple[np.ndarray, np.ndarray]:
    """Times of the observed and of the forecast states; the last observation is at 0."""
    return dt * np.arange(1 - x.shape[1], 1), dt * np.arange(1, prediction.shape[1] + 1)


def _fine_angles(states: Tensor, dt: float, substeps: int = 10) -> Tensor:
    """Angles of one event on a finer grid of times, for smooth paths."""
    theta, omega = (values.double().numpy() for values in double_pendulum.decode(states))
    times = dt * np.arange(len(theta))
    spline = CubicHermiteSpline(times, np.unwrap(theta, axis=0), omega)
    return torch.from_numpy(spline(np.linspace(0, times[-1], substeps * (len(theta) - 1) + 1)))


def _events(errors: Tensor) -> dict[str, int]:
    """Events at the 10, 50 and 90 % quantiles of the error."""
    order = errors.argsort()
    return {
        name: int(order[int(part * (len(order) - 1))]) for name, part in (("good", 0.1), ("median", 0.5), ("bad", 0.9))
    }


def _unbroken(angle: np.ndarray) -> np.ndarray:
    """Break the line (NaN) where the angle jumps from π to −π, so that no stroke crosses the panel."""
    broken = angle.astype(float)
    broken[1:][np.abs(np.diff(angle)) > np.pi] = np.nan
    return broken
