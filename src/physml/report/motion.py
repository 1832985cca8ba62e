"""Figures of learnt equations of motion, integrated for long."""

from collections.abc import Mapping
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from physml.ops.integrators import integrate

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
        for panel, states in ((plane, motion[: STEPS + 1]), (last, motion[-STEPS - 1 :])):
            panel.plot(states[:, 0], states[:, middle], color=f"C{colour}", label=name)
        energies.plot(
            torch.arange(len(motion)) / STEPS, law.energy(motion) / law.energy(start), color=f"C{colour}", label=name
        )
    true = law.trajectory(start, period / STEPS, STEPS)
    reach = 1.5 * true[:, [0, middle]].abs().amax(0)
    for panel, title in ((plane, "first period"), (last, f"period {periods}")):
        panel.plot(true[:, 0], true[:, middle], color="black", lw=3, alpha=0.3, label="truth", zorder=0)
        panel.set(xlabel="$q_1$", ylabel="$p_1$", title=title, xlim=(-reach[0], reach[0]), ylim=(-reach[1], reach[1]))
    energies.axhline(1, color="black", lw=3, alpha=0.3, zorder=0)
    energies.set(xlabel="time / period", ylabel="true energy $H / H_0$", ylim=(0, 2), title=f"{periods} periods")
    plane.legend(fontsize="small")
    return figure
