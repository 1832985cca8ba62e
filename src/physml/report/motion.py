"""Figures of learnt equations of motion, integrated for long."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from physml.ops.integrators import integrate
from physml.tasks.motion import forecasts_over_future

STEPS = 60  # of the integrator in a period: its own drift of the energy is then 1e-4 in a hundred periods


def plot_motion(
    network: nn.Module,
    future: Tensor,
    law: Any,
    rivals: Mapping[str, nn.Module] | None = None,
    periods: int = 100,
) -> Figure:
    """Draw where learnt equations lead the first trajectory, and its true energy over many periods.

    Args:
        network: Maps states to their derivatives.
        future: True trajectories, shape (events, times, features).
        law: What has `energy` and `period` of states, such as `physml.physics.spring.Spring`.
        rivals: Further networks by the names that the legend gives them.
        periods: How long to follow the motion.
    """
    start = future[0, 0]
    period = float(law.period(start))
    figure = Figure(figsize=(11, 4), layout="constrained")
    plane, last, energies = figure.subplots(1, 3, width_ratios=[1, 1, 2])
    middle = len(start) // 2
    names = {"learnt": network} | dict(rivals or {})
    for colour, (name, field) in enumerate(names.items()):
        with torch.no_grad():
            motion = integrate(field, start, period / STEPS, STEPS * periods)
        orbit, energy = motion[:, [0, middle]].numpy(), (law.energy(motion) / law.energy(start)).numpy()
        for panel, part in ((plane, orbit[: STEPS + 1]), (last, orbit[-STEPS - 1 :])):
            panel.plot(*part.T, color=f"C{colour}", label=name)
        energies.plot(np.arange(len(energy)) / STEPS, energy, color=f"C{colour}", label=name)
    true = law.trajectory(start, period / STEPS, STEPS)[:, [0, middle]].numpy()
    reach = 1.5 * np.abs(true).max(0)
    for panel, title in ((plane, "first period"), (last, f"period {periods}")):
        panel.plot(*true.T, color="black", lw=3, alpha=0.3, label="truth", zorder=0)
        panel.set(xlabel="$q_1$", ylabel="$p_1$", title=title, xlim=(-reach[0], reach[0]), ylim=(-reach[1], reach[1]))
        panel.set_box_aspect(1)
    energies.axhline(1, color="black", lw=3, alpha=0.3, zorder=0)
    energies.set(xlabel="time / period", ylabel="true energy $H / H_0$", ylim=(0, 2), title=f"{periods} periods")
    plane.legend(fontsize="small")
    return figure


def plot_rollout(
    network: nn.Module,
    future: Tensor,
    law: Any,
    dt: float,
    paths: Sequence[tuple[int, int]],
    rivals: Mapping[str, nn.Module] | None = None,
    drawn: int = 100,
    substeps: int = 4,
) -> Figure:
    """Draw where learnt equations lead the first trajectory, which need not recur, and its true energy.

    Args:
        network: Maps states to their derivatives.
        future: True trajectories, shape (events, times, features).
        law: What has `energy` of states, such as `physml.physics.gravity.Gravity`.
        dt: Time between two states.
        paths: Components of a state that are drawn over each other, such as the coordinates of each body.
        rivals: Further networks by the names that the titles give them.
        drawn: How many steps of the paths to draw.
        substeps: Runge–Kutta steps between two states.
    """
    networks = {"learnt": network} | dict(rivals or {})
    figure = Figure(figsize=(4 * len(networks) + 6, 4), layout="constrained")
    *planes, energies = figure.subplots(1, len(networks) + 1, width_ratios=[1] * len(networks) + [1.5])
    true = future[0, : drawn + 1].numpy()
    reach = 1.3 * max(np.abs(true[:, list(path)]).max() for path in paths)
    t = dt * np.arange(future.shape[1])
    for colour, (panel, (name, field)) in enumerate(zip(planes, networks.items(), strict=True)):
        with torch.no_grad():
            motion = integrate(field, future[0, 0], dt, future.shape[1] - 1, substeps=substeps)
        for body, path in enumerate(map(list, paths)):
            panel.plot(*true[:, path].T, color="black", lw=4, alpha=0.2)
            panel.plot(*motion[: drawn + 1, path].numpy().T, color=f"C{body}", lw=1)
        panel.set(title=f"{name}, truth in grey", xlim=(-reach, reach), ylim=(-reach, reach))
        panel.set_box_aspect(1)
        error = (law.energy(motion) - law.energy(future[0])).abs().numpy()
        energies.semilogy(t[1:], error[1:], color=f"C{colour}", label=name)
    energies.set(xlabel="time", ylabel=r"$|H(\hat x_t) - H(x_t)|$", title="error of the true energy")
    energies.legend(fontsize="small")
    return figure


def plot_forecasts(network: nn.Module, x: Tensor, future: Tensor, law: Any, dt: float, trajectories: int = 4) -> Figure:
    """Draw where forecasts, each from the end of the one before, lead the first trajectories, and their energy.

    Args:
        network: Maps states to those that follow.
        x: First states, shape (events, features).
        future: True trajectories, shape (events, times, features).
        law: What has `energy`, a conserved quantity of states.
        dt: Time between two states.
        trajectories: How many to draw.
    """
    motion = forecasts_over_future(network, x, future)
    figure = Figure(figsize=(11, 4), layout="constrained")
    plane, numbers, energies = figure.subplots(1, 3, width_ratios=[1, 2, 2])
    t = dt * np.arange(future.shape[1])
    for event in range(min(trajectories, len(x))):
        true, found = future[event].numpy(), motion[event].numpy()
        plane.plot(*true.T[:2], color="black", lw=3, alpha=0.3)
        plane.plot(*found.T[:2], color=f"C{event}", lw=1)
        error = (law.energy(motion[event]) - law.energy(future[event])).numpy()
        energies.plot(t, error, color=f"C{event}")
    for states, style in ((future, {"color": "black", "lw": 3, "alpha": 0.3}), (motion, {"color": "C0", "lw": 1})):
        numbers.plot(t, states[0, :, 0].numpy(), label="truth" if states is future else "forecast", **style)
    plane.set(xlabel="$x_1$", ylabel="$x_2$", title="trajectories")
    numbers.set(xlabel="time", ylabel="$x_1$", title="the first of them")
    numbers.margins(y=0.2)  # for the legend
    numbers.legend(fontsize="small", loc="upper center", ncols=2)
    energies.axhline(0, color="black", lw=0.8)
    energies.set(xlabel="time", ylabel=r"$H(\hat x_t) - H(x_t)$", title="error of the conserved quantity")
    return figure
