r"""The Navier–Stokes equations of a flow in the plane, by its vorticity, on a periodic square.

Dimensionless: u and v are the components of the velocity along x and y, w = ∂v/∂x − ∂u/∂y is the vorticity, and lengths
and times are in any consistent units; the density is 1.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from physml.ops.etdrk4 import etdrk4
from physml.ops.periodic_square import PeriodicSquare


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
    """
    x, t = PeriodicSquare(2 * math.pi, points).x, torch.linspace(0, 2, frames + 1, dtype=torch.float64)
    w, u, v = NavierStokes(0.05, (1.0, 0.5)).taylor_green(x[:, None, None], x[:, None], t)
    return _arrays(x, t, w, u, v)


def merger(points: int = 128, frames: int = 50, substeps: int = 16) -> dict[str, np.ndarray]:
    r"""Two equal vortices that turn around each other and merge, on the periodic square [0, 2π)² up to t = 20.

    .. math::
        w(t = 0) = \sum_\pm 2 \exp\left(-\frac{(x - \pi \mp d)^2 + (y - \pi)^2}{2 s^2}\right) - \text{mean}, \qquad
        d = 0.6, \quad s = 0.35, \quad \nu = 2 \cdot 10^{-3}

    128 points resolve it to 1e-5.

    Source: the process of Melander, Zabusky and McWilliams 1988, doi 10.1017/S0022112088002435; these numbers are our
    own.

    Args:
        points: Points along each side.
        frames: Times after the first, up to 20.
        substeps: Steps of the solver between two times.

    Returns:
        As `drifting_vortices`.
    """
    square, equation = PeriodicSquare(2 * math.pi, points), NavierStokes(2e-3)
    x, y = square.x[:, None] - math.pi, square.x - math.pi
    start = sum(2 * torch.exp(-((x - d) ** 2 + y**2) / (2 * 0.35**2)) for d in (-0.6, 0.6))
    w = equation.solve(square, start - start.mean(), 20.0 / frames, frames, substeps)
    u, v = (each.movedim(0, -1) for each in equation.velocity(square, square.transform(w.movedim(-1, 0))))
    t = torch.linspace(0, 20, frames + 1, dtype=torch.float64)
    return _arrays(square.x, t, w, u, v)


def _arrays(x: Tensor, t: Tensor, w: Tensor, u: Tensor, v: Tensor) -> dict[str, np.ndarray]:
    return {name: array.numpy() for name, array in zip("xytwuv", (x, x, t, w, u, v), strict=True)}
