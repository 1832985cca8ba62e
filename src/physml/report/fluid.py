"""Figures of learned simulations of water: a rollout beside its truth, its error, its momentum and mass."""

import numpy as np
import torch
from matplotlib.animation import FuncAnimation
from matplotlib.figure import Figure
from torch import Tensor, nn

from physml.metrics.fluid import mass_inside, rollout_error
from physml.ops.segments import segment_mean
from physml.physics.fluid import Water
from physml.tasks.rollout import rollout


def animate_rollout(
    network: nn.Module, x: Tensor, future: Tensor, offsets: Tensor, dt: float, event: int = 0, every: int = 2
) -> FuncAnimation:
    """Draw the rollout of one event beside the truth, in motion.

    Args:
        network: Predicts the next frame.
        x: Frames read, shape (points, observed, 2).
        future: True frames, shape (points, horizon, 2).
        offsets: Event e owns the points ``offsets[e]:offsets[e + 1]``.
        dt: Time between two frames, in √(L/g).
        event: Which event.
        every: Frames from one picture to the next.
    """
    x, future, offsets = _first(x, future, offsets, event + 1, event)
    predicted = rollout(network, {"x": x, "offsets": offsets}, future.shape[1])
    figure = Figure(figsize=(7, 3.9))
    figure.subplots_adjust(left=0.09, right=0.98, bottom=0.13, top=0.84, wspace=0.08)  # the same in all pictures
    water, panels = Water(), figure.subplots(1, 2, sharey=True)
    clouds = []
    for panel, title in zip(panels, ("truth (MLS-MPM)", "learned simulator"), strict=True):
        panel.set(xlim=(0, water.width), ylim=(0, water.height), aspect="equal", xlabel="x / L", title=title)
        clouds.append(panel.plot([], [], "o", ms=3, color="C0")[0])
    panels[0].set_ylabel("y / L")
    title = figure.suptitle(" ")

    def draw(frame: int) -> list:
        for cloud, path in zip(clouds, (future, predicted), strict=True):
            cloud.set_data(*path[:, frame].T.numpy())
        title.set_text(rf"t = {(frame + 1) * dt:.2f} $\sqrt{{L/g}}$")
        return clouds

    return FuncAnimation(figure, draw, frames=range(0, future.shape[1], every))


def plot_rollout_error(
    network: nn.Module, x: Tensor, future: Tensor, offsets: Tensor, dt: float, events: int = 8
) -> Figure:
    """Draw the mean squared error of the coordinates against the time of the rollout, beside that of uniform motion.

    Args:
        network: Predicts the next frame.
        x: Frames read, shape (points, observed, 2).
        future: True frames, shape (points, horizon, 2).
        offsets: Event e owns the points ``offsets[e]:offsets[e + 1]``.
        dt: Time between two frames, in √(L/g).
        events: How many of the events to roll out.
    """
    x, future, offsets = _first(x, future, offsets, events)
    steps = future.shape[1]
    predicted = rollout(network, {"x": x, "offsets": offsets}, steps)
    uniform = x[:, -1:] + torch.arange(1, steps + 1)[:, None] * (x[:, -1:] - x[:, -2:-1])
    figure = Figure(figsize=(6.5, 4.5), layout="constrained")
    panel = figure.subplots()
    times = dt * np.arange(1, steps + 1)
    for path, colour, label in ((uniform, "0.5", "constant velocity"), (predicted, "C0", "learned simulator")):
        # One frame at a time: the error at a time, not its mean up to then.
        errors = torch.stack(
            [rollout_error(path[:, t : t + 1], future[:, t : t + 1], offsets, 1) for t in range(steps)]
        )
        panel.fill_between(times, errors.amin(1), errors.amax(1), color=colour, alpha=0.2, lw=0)
        panel.plot(times, errors.mean(1), color=colour, label=f"{label}: {errors[-1].mean():.2g} at the end")
    panel.set(
        yscale="log",
        xlabel=r"time / $\sqrt{L/g}$",
        ylabel="Mean squared error of the coordinates (L²)",
        title=f"{len(offsets) - 1} rollouts of {steps} frames: mean, least and greatest",
    )
    panel.legend()
    return figure


def plot_conservation(
    network: nn.Module, x: Tensor, future: Tensor, offsets: Tensor, dt: float, events: int = 3
) -> Figure:
    """Draw momentum and mass of the water in the tank over a rollout, beside the truth.

    Args:
        network: Predicts the next frame.
        x: Frames read, shape (points, observed, 2).
        future: True frames, shape (points, horizon, 2).
        offsets: Event e owns the points ``offsets[e]:offsets[e + 1]``.
        dt: Time between two frames, in √(L/g).
        events: How many of the events to draw, each in a colour.
    """
    x, future, offsets = _first(x, future, offsets, events)
    steps = future.shape[1]
    predicted = rollout(network, {"x": x, "offsets": offsets}, steps)
    times = dt * np.arange(1, steps + 1)
    figure = Figure(figsize=(11, 4), layout="constrained")
    panels = figure.subplots(1, 3, sharex=True)
    for path, style in ((future, "--"), (predicted, "-")):
        velocity = torch.cat([x[:, -1:], path], dim=1).diff(dim=1) / dt
        momentum = segment_mean(velocity, offsets)
        mass = torch.stack([mass_inside(path[:, : t + 1], offsets) for t in range(steps)], dim=1)
        for event in range(len(offsets) - 1):
            for panel, values in zip(panels, (*momentum[event].T, mass[event]), strict=True):
                panel.plot(times, values.numpy(), style, color=f"C{event}", lw=1.3)
    for panel, label in zip(panels, ("horizontal momentum", "vertical momentum"), strict=False):
        panel.set_ylabel(rf"{label} / $M\sqrt{{gL}}$")
    panels[2].set(ylabel="part of the mass in the tank", ylim=(-0.05, 1.05))
    for panel in panels:
        panel.set_xlabel(r"time / $\sqrt{L/g}$")
    figure.suptitle("Solid: learned simulator; dashed: truth; a colour for each tank")
    return figure


def _first(x: Tensor, future: Tensor, offsets: Tensor, stop: int, start: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """The particles and offsets of the events from `start` up to `stop`."""
    chosen = offsets[start : stop + 1]
    points = slice(int(chosen[0]), int(chosen[-1]))
    return x[points], future[points], chosen - chosen[0]
