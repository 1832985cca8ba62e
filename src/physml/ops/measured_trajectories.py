"""Trajectories as arrays by name, exact and as they are measured."""

from typing import Any

import numpy as np
from torch import Tensor


def measured_trajectories(law: Any, x: Tensor, dt: float, noise: np.ndarray | float = 0.0) -> dict[str, np.ndarray]:
    """Return states that follow a law, their derivatives and energies, and the states with noise.

    Units: those of the law.

    Args:
        law: Has `derivative` and `energy` of states, such as `physml.physics.spring.Spring`.
        x: The states.
        dt: Time between two of them.
        noise: What is added to the states when they are measured.

    Returns:
        ``t`` (steps + 1,), ``x`` (trajectories, steps + 1, features), ``x_noisy``, the same as measured, ``v``, the
        derivatives of ``x``, and ``E`` (trajectories, steps + 1).

    Shapes: x (trajectories, steps + 1, features)
    """
    exact = {name: array.numpy() for name, array in {"x": x, "v": law.derivative(x), "E": law.energy(x)}.items()}
    return {"t": dt * np.arange(x.shape[1]), "x_noisy": exact["x"] + noise} | exact
