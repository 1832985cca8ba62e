"""Solving an equation of evolution whose right-hand side is a function at each point, of u and its slopes."""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from physml.ops.fourier import PeriodicInterval
from physml.ops.periodic_evolution import evolve

PointwiseLaw = Callable[[Tensor], Tensor]


def evolve_pointwise(
    law: PointwiseLaw,
    order: int,
    interval: PeriodicInterval,
    initial: Tensor,
    dt: float,
    frames: int,
    substeps: int,
    waves: int,
) -> Tensor:
    r"""Solve :math:`u_t = N(u, u_x, \dots, \partial_x^n u)` on a periodic interval, for a real u.

    .. math::
        u_t = L u + (N - L u), \qquad
        L = \sum_{j=0}^{n} \left. \frac{\partial N}{\partial (\partial_x^j u)} \right|_0 \partial_x^j

    N may be stiff in an unknown way. What is linear in it where nothing moves is solved exactly
    (`physml.ops.etdrk4`); the remainder, which is small for the shortest waves if N is nearly linear in the highest
    slope, is explicit. Waves above `waves` are left out, of the start and after each evaluation of N: with a third of
    the points, a product of two fields is free of aliases.

    Units: those of `initial`; x, t and N in consistent ones.

    Args:
        law: N.
        order: n, the highest slope it reads.
        interval: Where u lives.
        initial: u at the first time.
        dt: Time between two frames.
        frames: Frames after the initial one.
        substeps: Steps from one frame to the next.
        waves: Waves kept, of a period of the interval each.

    Shapes:
        law (points, order + 1) → (points,); initial (points,) → (points, frames + 1)

    Raises:
        FloatingPointError: u is no longer finite.

    Example:
        >>> circle = PeriodicInterval(0.0, 2 * torch.pi, 16)
        >>> u = evolve_pointwise(lambda z: -3 * z[:, 1], 1, circle, circle.x.sin(), 0.5, 1, 1, waves=5)
        >>> torch.dist(u[:, 1], torch.sin(circle.x - 1.5)) < 1e-12
        tensor(True)
    """
    symbols = torch.stack([interval.symbol(power, real=True) for power in range(order + 1)])
    kept = torch.arange(symbols.shape[1]) <= waves
    linear = torch.where(kept, linearised_at_rest(law, order).to(symbols.dtype) @ symbols, 0)

    def remainder(spectrum: Tensor) -> Tensor:
        rate = law(interval.values(symbols * spectrum).T)
        return torch.where(kept, interval.transform(rate) - linear * spectrum, 0)

    start = interval.values(torch.where(kept, interval.transform(initial), 0))
    return evolve(interval, linear, remainder, start, dt, frames, substeps)


def linearised_at_rest(law: PointwiseLaw, order: int, step: float = 1e-4) -> Tensor:
    """Return the derivatives of N by u and each of its slopes, where all are 0. Shapes: (order + 1,)."""
    # Differences, as a test runs without gradients; whatever their error, the remainder makes up for it.
    steps = step * torch.eye(order + 1, dtype=torch.float64)
    return (law(steps) - law(-steps)) / (2 * step)


def beside_reference(
    law: PointwiseLaw, order: int, solution: Mapping[str, np.ndarray], substeps: int, waves: int
) -> tuple[Tensor, Tensor]:
    """Solve a law from the start of a reference solution, on the same grid.

    Args:
        law: N, as in `evolve_pointwise`.
        order: Of its highest slope.
        solution: ``x`` (places,), ``t`` (times,), both equidistant, and ``u`` (places, times). If the last place holds
            what the first does, it is the end of the period, which otherwise is one place further.
        substeps: Steps between two times.
        waves: Waves kept.

    Returns:
        The solution of the law, not a number where it stays not finite, and the reference.

    Shapes: (places, times) twice
    """
    x, t, truth = (torch.from_numpy(np.ascontiguousarray(solution[name])) for name in "xtu")
    closed = torch.equal(truth[0], truth[-1])
    points = len(x) - closed
    upper = float(x[-1]) if closed else float(2 * x[-1] - x[-2])
    interval, frames = PeriodicInterval(float(x[0]), upper, points), len(t) - 1
    try:
        dt = float(t[-1] - t[0]) / frames
        found = evolve_pointwise(law, order, interval, truth[:points, 0], dt, frames, substeps, waves)
    except FloatingPointError:
        found = torch.full_like(truth[:points], torch.nan)
    return torch.cat([found, found[:1]]) if closed else found, truth
