"""Reference solutions of equations of evolution on a periodic interval."""

from collections.abc import Callable

import numpy as np
from torch import Tensor

from physml.ops.bounds import check_at_least
from physml.ops.etdrk4 import etdrk4
from physml.ops.fourier import PeriodicInterval


def evolve(
    interval: PeriodicInterval,
    linear: Tensor,
    nonlinear: Callable[[Tensor], Tensor],
    initial: Tensor,
    dt: float,
    frames: int,
    substeps: int,
) -> Tensor:
    r"""Solve u_t = L u + N(u), wave by wave in L, by `physml.ops.etdrk4.etdrk4`.

    Args:
        interval: Where u lives.
        linear: The symbol of L for each wave.
        nonlinear: Maps the spectrum of u to that of N(u).
        initial: u at the first time.
        dt: Time between two frames.
        frames: Frames after the initial one.
        substeps: Steps from one frame to the next.

    Shapes: linear (waves,), initial (points,) → (points, frames + 1)
    """
    path = etdrk4(linear, nonlinear, interval.transform(initial), dt, frames, substeps)
    return interval.values(path).T


def reference(
    solve: Callable[..., Tensor], interval: PeriodicInterval, initial: Tensor, until: float, frames: int, substeps: int
) -> dict[str, np.ndarray]:
    """Return a solution as arrays by their symbols.

    Args:
        solve: Called as ``solve(interval, initial, dt, frames, substeps)``, the method of an equation.
        interval: Where u lives.
        initial: u at t = 0, (points,).
        until: The last time.
        frames: Times after the first, equally spaced.
        substeps: Steps of the solver between two times.

    Returns:
        ``x`` (points,), ``t`` (frames + 1,) and ``u`` (points, frames + 1).

    Raises:
        ValueError: A number is out of bounds.
    """
    check_at_least(1, frames=frames, substeps=substeps)
    u = solve(interval, initial, until / frames, frames, substeps)
    return {"x": interval.x.numpy(), "t": np.linspace(0, until, frames + 1), "u": u.numpy()}
