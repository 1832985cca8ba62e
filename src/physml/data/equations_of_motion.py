"""States of moving systems and how they change: what equations of motion are learnt from and tested with."""

from collections.abc import Callable

import numpy as np
import torch

from physml.data.arrays import Arrays

Simulation = Callable[..., dict[str, np.ndarray]]


class StateSource:
    """States as measured, one an event, and their derivatives.

    Arrays: ``x`` (events, features), the states with their noise, and ``y`` (events, features), their derivatives.
    They are those of whole trajectories, one after the other; the last one is cut off where enough are drawn.

    Units: those of the simulation.

    Args:
        simulate: Called with a random generator, a number of trajectories and their ``steps``; gives ``x_noisy`` and
            ``v`` (trajectories, steps + 1, features), such as `physml.physics.spring.simulate`.
        states: States of a trajectory.
    """

    def __init__(self, simulate: Simulation, states: int) -> None:
        self.simulate, self.states = simulate, states

    def __call__(self, count: int, rng: np.random.Generator) -> Arrays:
        """Draw `count` states."""
        drawn = self.simulate(rng, -(-count // self.states), steps=self.states - 1)
        arrays = {"x": drawn["x_noisy"], "y": drawn["v"]}
        return Arrays({name: torch.from_numpy(array).flatten(0, 1)[:count].float() for name, array in arrays.items()})

    def trajectories(self, count: int) -> np.ndarray:
        """Return the number of the trajectory that each of `count` events is of."""
        return np.arange(count) // self.states


class TrajectorySource:
    """Whole trajectories without noise, one an event, to test a network that has learnt to continue their first states.

    Arrays: ``x`` and ``y`` (events, features), the first state and its derivative; ``future`` and ``slope`` (events,
    times, features), all states, among them the first, and their derivatives.

    Units: those of the simulation.

    Args:
        simulate: Called with a random generator and a number of trajectories; gives ``x`` and ``v``, without noise.
    """

    def __init__(self, simulate: Simulation) -> None:
        self.simulate = simulate

    def __call__(self, count: int, rng: np.random.Generator) -> Arrays:
        """Draw `count` trajectories."""
        drawn = self.simulate(rng, count)
        future, slope = (torch.from_numpy(drawn[name]).float() for name in ("x", "v"))
        return Arrays({"x": future[:, 0], "y": slope[:, 0], "future": future, "slope": slope})


class ForecastSource:
    """The first state of trajectories and those that follow, as measured, one trajectory an event.

    Arrays: ``x`` (events, features), the first state, and ``y`` (events, horizon, features), the next ones, both with
    their noise; ``future`` (events, times, features), all states without noise, among them the first.

    Units: those of the simulation.

    Args:
        simulate: Called with a random generator and a number of trajectories; gives ``x_noisy`` and ``x``.
        horizon: Number of states to forecast.
    """

    def __init__(self, simulate: Simulation, horizon: int) -> None:
        self.simulate, self.horizon = simulate, horizon

    def __call__(self, count: int, rng: np.random.Generator) -> Arrays:
        """Draw `count` trajectories.

        Raises:
            ValueError: They are shorter than the forecast.
        """
        drawn = self.simulate(rng, count)
        measured, future = (torch.from_numpy(drawn[name]).float() for name in ("x_noisy", "x"))
        if measured.shape[1] <= self.horizon:
            raise ValueError(
                f"expected more than {self.horizon} states in a trajectory, as many are to be forecast, got "
                f"{measured.shape[1]}: raise simulate.steps"
            )
        return Arrays({"x": measured[:, 0], "y": measured[:, 1 : self.horizon + 1], "future": future})
