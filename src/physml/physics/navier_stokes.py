r"""The Navier–Stokes equations of a flow in the plane, by its vorticity, on a periodic square.

Dimensionless: u and v are the components of the velocity along x and y, w = ∂v/∂x − ∂u/∂y is the vorticity, and lengths
and times are in any consistent units; the density is 1.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from physml.ops.bounds import check_at_least, check_positive
from physml.ops.etdrk4 import etdrk4
from physml.ops.periodic_square import PeriodicSquare
from physml.ops.pointwise_evolution import linearised_at_rest


@dataclass(frozen=True)
class NavierStokes:
    r"""The vorticity equation of an incompressible flow in the plane.

    .. math::
        w_t + u\, w_x + v\, w_y = \nu\, (w_{xx} + w_{yy}), \qquad
        u = U + \psi_y, \quad v = V - \psi_x, \quad -(\psi_{xx} + \psi_{yy}) = w

    Without viscosity the energy :math:`\langle u^2 + v^2 \rangle / 2` and the enstrophy :math:`\langle w^2 \rangle / 2`
    are conserved; with it the energy falls at twice ν times the enstrophy.

    Units: see the module; ν in those of length² / time.

    Source: Batchelor 1967, "An introduction to fluid dynamics", doi 10.1017/CBO9780511800955.

    Args:
        viscosity: ν.
        drift: The mean velocity (U, V), of which the vorticity tells nothing.
    """

    viscosity: float
    drift: tuple[float, float] = (0.0, 0.0)

    def residual(
        self, w_t: Tensor, w_x: Tensor, w_y: Tensor, w_xx: Tensor, w_yy: Tensor, u: Tensor, v: Tensor
    ) -> Tensor:
        """Return what is zero for a solution. Shapes: those of w."""
        return w_t + u * w_x + v * w_y - self.viscosity * (w_xx + w_yy)

    def velocity(self, square: PeriodicSquare, spectrum: Tensor) -> tuple[Tensor, Tensor]:
        """Return u and v from the spectrum of w. Shapes: (…, waves) → (…, points of x, points of y) twice."""
        inverse = -(square.symbol(2, 0) + square.symbol(0, 2)).real
        inverse[0] = torch.inf  # a mean vorticity has no periodic flow
        psi = spectrum / inverse
        u = self.drift[0] + square.values(square.symbol(0, 1) * psi)
        v = self.drift[1] - square.values(square.symbol(1, 0) * psi)
        return u, v

    def solve(self, square: PeriodicSquare, initial: Tensor, dt: float, frames: int, substeps: int) -> Tensor:
        """Return w by `physml.ops.etdrk4.etdrk4`; waves shorter than three points are cut off, also of the start.

        Args:
            square: Where w lives.
            initial: w at the first time, with a mean of zero.
            dt: Time between two frames.
            frames: Frames after the first one.
            substeps: Steps from one frame to the next.

        Shapes: initial (points of x, points of y) → (points of x, points of y, frames + 1)
        """
        x, y, kept = square.symbol(1, 0), square.symbol(0, 1), square.resolved

        def advect(spectrum: Tensor) -> Tensor:
            u, v = self.velocity(square, spectrum)
            return kept * square.transform(-u * square.values(x * spectrum) - v * square.values(y * spectrum))

        linear = self.viscosity * (square.symbol(2, 0) + square.symbol(0, 2)).real
        path = etdrk4(linear, advect, kept * square.transform(initial), dt, frames, substeps)
        return square.values(path).movedim(0, -1)

    def taylor_green(self, x: Tensor, y: Tensor, t: Tensor, k: float = 1.0) -> tuple[Tensor, Tensor, Tensor]:
        r"""Return w, u and v of vortices on a square lattice, which decay without a change of shape while they drift.

        .. math::
            w = \frac{2 k}{e^{2 \nu k^2 t}} \cos X \cos Y, \quad
            u = U - \frac{\cos X \sin Y}{e^{2 \nu k^2 t}}, \quad v = V + \frac{\sin X \cos Y}{e^{2 \nu k^2 t}}, \quad
            X = k (x - U t), \quad Y = k (y - V t)

        Source: Taylor 1923, doi 10.1080/14786442308634295; Taylor and Green 1937, doi 10.1098/rspa.1937.0036.

        Args:
            x: Places.
            y: Places.
            t: Times.
            k: Wavenumber of the lattice.

        Shapes: x, y and t of shapes that broadcast → their common shape, three times
        """
        decay = torch.exp(-2 * self.viscosity * k**2 * t)
        X, Y = k * (x - self.drift[0] * t), k * (y - self.drift[1] * t)
        w = 2 * k * decay * torch.cos(X) * torch.cos(Y)
        u = self.drift[0] - decay * torch.cos(X) * torch.sin(Y)
        return w, u, self.drift[1] + decay * torch.sin(X) * torch.cos(Y)


def drifting_vortices(points: int = 64, frames: int = 40) -> dict[str, np.ndarray]:
    r"""Taylor–Green vortices in a wind of (1, ½) on the periodic square [0, 2π)² up to t = 2, with ν = 0.05, exactly.

    Args:
        points: Points along each side.
        frames: Times after the first, up to 2.

    Returns:
        ``x`` (points,), ``y`` (points,), ``t`` (frames + 1,), and ``w``, ``u`` and ``v`` (points, points, frames + 1),
        at :math:`x_i`, :math:`y_j`, :math:`t_n`.

    Raises:
        ValueError: A number is out of bounds.
    """
    check_at_least(1, frames=frames)
    x, t = PeriodicSquare(2 * math.pi, points).x, torch.linspace(0, 2, frames + 1, dtype=torch.float64)
    w, u, v = NavierStokes(0.05, (1.0, 0.5)).taylor_green(x[:, None, None], x[:, None], t)
    return _arrays(x, t, w, u, v)


@lru_cache(maxsize=1)  # asked for by data, metrics and figures
def merger(
    points: int = 128, frames: int = 50, substeps: int = 16, viscosity: float = 2e-3, until: float = 20.0
) -> dict[str, np.ndarray]:
    r"""Two equal vortices that turn around each other and merge, on the periodic square [0, 2π)².

    .. math::
        w(t = 0) = \sum_\pm 2 \exp\left(-\frac{(x - \pi \mp d)^2 + (y - \pi)^2}{2 s^2}\right) - \text{mean}, \qquad
        d = 0.6, \quad s = 0.35

    128 points resolve it to 1e-5 with the viscosity of 2e-3.

    Source: the process of Melander, Zabusky and McWilliams 1988, doi 10.1017/S0022112088002435; these numbers are our
    own.

    Args:
        points: Points along each side.
        frames: Times after the first, up to the last.
        substeps: Steps of the solver between two times.
        viscosity: ν.
        until: The last time.

    Returns:
        As `drifting_vortices`.

    Raises:
        ValueError: A number is out of bounds.
    """
    check_at_least(1, frames=frames, substeps=substeps)
    check_at_least(0, viscosity=viscosity)
    check_positive(until=until)
    square, equation = PeriodicSquare(2 * math.pi, points), NavierStokes(viscosity)
    x, y = square.x[:, None] - math.pi, square.x - math.pi
    start = sum(2 * torch.exp(-((x - d) ** 2 + y**2) / (2 * 0.35**2)) for d in (-0.6, 0.6))
    w = equation.solve(square, start - start.mean(), until / frames, frames, substeps)
    u, v = (each.movedim(0, -1) for each in equation.velocity(square, square.transform(w.movedim(-1, 0))))
    t = torch.linspace(0, until, frames + 1, dtype=torch.float64)
    return _arrays(square.x, t, w, u, v)


def evolve_law(
    law: Callable[[Tensor], Tensor],
    inputs: Sequence[str],
    square: PeriodicSquare,
    initial: Tensor,
    dt: float,
    frames: int,
    substeps: int,
) -> Tensor:
    r"""Solve :math:`w_t = N(w, u, v, w_x, w_y, \dots)` for a vorticity whose flow is incompressible.

    As `physml.ops.pointwise_evolution.evolve_pointwise`: what is linear in w and its slopes, where nothing moves, is
    solved exactly, the remainder is explicit, and waves shorter than three points are left out. u and v are those of
    `NavierStokes.velocity`, without a mean.

    Units: see the module.

    Args:
        law: N.
        inputs: What it reads: ``w``, slopes of it such as ``w_xy``, and ``u`` and ``v``.
        square: Where w lives.
        initial: w at the first time, with a mean of zero.
        dt: Time between two frames.
        frames: Frames after the first one.
        substeps: Steps from one frame to the next.

    Shapes:
        law (points, inputs) → (points, 1); initial (points of x, points of y) → (…, …, frames + 1)

    Raises:
        FloatingPointError: w is no longer finite.
    """
    letters = {name: name.partition("_")[2] for name in inputs if name.startswith("w")}
    symbols = {name: square.symbol(word.count("x"), word.count("y")) for name, word in letters.items()}
    slopes = linearised_at_rest(law, len(inputs))[0]
    linear = sum(slopes[inputs.index(name)] * symbol for name, symbol in symbols.items())
    flow = NavierStokes(viscosity=0.0)  # for its velocity, which does not depend on ν

    def remainder(spectrum: Tensor) -> Tensor:
        known = dict(zip("uv", flow.velocity(square, spectrum), strict=True))
        known |= {name: square.values(symbol * spectrum) for name, symbol in symbols.items()}
        z = torch.stack([known[name].flatten() for name in inputs], dim=1)
        rate = law(z)[:, 0].view(square.points, square.points)
        return square.resolved * (square.transform(rate) - linear * spectrum)

    start = square.resolved * square.transform(initial)
    path = etdrk4(square.resolved * linear, remainder, start, dt, frames, substeps)
    return square.values(path).movedim(0, -1)


def beside_reference(
    law: Callable[[Tensor], Tensor], inputs: Sequence[str], solution: Mapping[str, np.ndarray], substeps: int
) -> tuple[Tensor, Tensor]:
    """Solve a law from the start of a reference solution, on the same grid.

    Args:
        law: N, as in `evolve_law`.
        inputs: What it reads.
        solution: As `merger` gives it.
        substeps: Steps between two times.

    Returns:
        The vorticity of the law, not a number where it stays not finite, and that of the reference.

    Shapes: (points of x, points of y, times) twice
    """
    x, t, truth = (torch.from_numpy(np.ascontiguousarray(solution[name])) for name in "xtw")
    square = PeriodicSquare(float(x[1] - x[0]) * len(x), len(x))
    try:
        found = evolve_law(law, inputs, square, truth[..., 0], float(t[1] - t[0]), len(t) - 1, substeps)
    except FloatingPointError:
        found = torch.full_like(truth, torch.nan)
    return found, truth


def _arrays(x: Tensor, t: Tensor, w: Tensor, u: Tensor, v: Tensor) -> dict[str, np.ndarray]:
    return {name: array.numpy() for name, array in zip("xytwuv", (x, x, t, w, u, v), strict=True)}
