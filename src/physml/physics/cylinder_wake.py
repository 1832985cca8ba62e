r"""The flow past a circular cylinder: the vortex street of von Kármán, solved on circles around the cylinder.

Dimensionless: lengths in diameters, velocities in that of the free stream, which blows along x, times in diameters per
velocity, pressures in the density times the velocity squared. The viscosity ν is then one over the Reynolds number.
"""

import math
from collections import deque
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

import numpy as np
import torch
from rich.console import Console
from rich.progress import track
from scipy import sparse
from scipy.interpolate import make_interp_spline
from torch import Tensor

from physml.ops.annulus import Annulus
from physml.ops.bounds import check_at_least

RADIUS = 0.5
# Of the steps by backward differences: γ, the weights α of the values before, and β of their rates.
EULER = (1.0, (1.0,), (1.0,))
SECOND = (3 / 2, (2.0, -1 / 2), (2.0, -1.0))
THIRD = (11 / 6, (3.0, -3 / 2, 1 / 3), (3.0, -3.0, 1.0))


class UnknownNavierStokes:
    r"""The Navier–Stokes equations of an incompressible flow in the plane, with coefficients to be found.

    .. math::
        u_t + \lambda_1 (u\, u_x + v\, u_y) = -p_x + \lambda_2 (u_{xx} + u_{yy}), \qquad
        v_t + \lambda_1 (u\, v_x + v\, v_y) = -p_y + \lambda_2 (v_{xx} + v_{yy})

    That the flow has no divergence is left to the field (`physml.networks.stream_function.StreamFunction`).

    Units: see the module; λ₁ is a number, λ₂ in units of ν.

    Source: Raissi, Perdikaris and Karniadakis 2019, doi 10.1016/j.jcp.2018.10.045.
    """

    def residual(
        self,
        u: Tensor,
        u_t: Tensor,
        u_x: Tensor,
        u_y: Tensor,
        u_xx: Tensor,
        u_yy: Tensor,
        v: Tensor,
        v_t: Tensor,
        v_x: Tensor,
        v_y: Tensor,
        v_xx: Tensor,
        v_yy: Tensor,
        p_x: Tensor,
        p_y: Tensor,
        advection: Tensor,
        viscosity: Tensor,
    ) -> Tensor:
        """Return what is zero for a solution: the first equation + i times the second. Shapes: those of u, complex."""
        along = u_t + advection * (u * u_x + v * u_y) + p_x - viscosity * (u_xx + u_yy)
        aside = v_t + advection * (u * v_x + v * v_y) + p_y - viscosity * (v_xx + v_yy)
        return torch.complex(along, aside)


class CylinderFlow:
    r"""The vorticity w around a cylinder in a free stream, by its stream function ψ.

    .. math::
        w_t + \frac1{r^2} (\psi_\theta\, r w_r - r \psi_r\, w_\theta) = \nabla^2 (\nu w), \qquad
        -\nabla^2 \psi = w, \qquad u = \psi_y, \quad v = -\psi_x

    Fourier series around the cylinder, differences of eighth order across; steps of third order with the viscosity
    implicit. ψ and its slope vanish at the cylinder: the vorticity there is what makes the slope vanish, and its mean
    flux is none, as the pressure has one value after a turn. Beyond the last circle ψ goes on as a potential flow.
    Within 9 diameters ν is the fluid's; from there to 20 it rises fifty-fold, which dissolves the vortices before the
    circles are too far apart for them; the viscous force is the curl of ν w everywhere.

    Units: see the module.

    Source: Ascher, Ruuth and Wetton 1995, doi 10.1137/0732037 (steps); Fornberg 1988,
    doi 10.1090/S0025-5718-1988-0935077-0 (differences).

    Args:
        points: Circles; there are half as many waves.
        viscosity: ν.
        edge: Radius of the last circle.
    """

    def __init__(self, points: int = 256, viscosity: float = 0.01, edge: float = 25.0) -> None:
        # Even steps of the root of the distance from the cylinder, near it and in the wake, of its logarithm far away.
        inner, outer = math.sqrt(0.03), math.sqrt(0.03 + edge - RADIUS)
        stretch = np.linspace(0, math.asinh((outer - inner) / 2), points)
        r = RADIUS + (inner + 2 * np.sinh(stretch)) ** 2 - 0.03
        self.ring = ring = Annulus(r, points // 2)
        rise = np.clip((r - 9) / 11, 0, 1)
        self.viscosity = viscosity * (1 + 49 * rise**2 * (3 - 2 * rise))
        # Near the cylinder short waves have nothing in them, and would need short steps.
        self._kept = ring.m <= 0.19 * points * r
        wall, rim, self._slope = ring.at(0), ring.at(-1), ring.across[[0]]
        # Of the mean over θ, value and slope are known at the wall.
        self._solve_stream = ring.solver(
            ring.laplacian, lambda m: wall, lambda m: ring.across[[-1]] + m * rim if m else self._slope
        )
        # Of this one's mean they are known at the edge.
        self._solve_head = ring.solver(
            ring.laplacian,
            lambda m: self._slope if m else ring.across[[-1]],
            lambda m: ring.across[[-1]] if m else rim,
        )
        self._free = np.zeros(ring.waves + 1, dtype=np.complex128)
        self._free[1] = -1j * edge  # (r ∂/∂r + 1) of y = Re(−i r exp iθ)

    def disturbance(self) -> np.ndarray:
        """Return the waves of a vortex behind the cylinder and beside its axis, for the flow to begin with."""
        x, y = self.ring.r * np.cos(self.ring.angles)[:, None], self.ring.r * np.sin(self.ring.angles)[:, None]
        return self.ring.transform(np.exp(-((x - 1.5) ** 2 + (y - 0.5) ** 2) / 0.32))

    def stream(self, w: np.ndarray) -> np.ndarray:
        """Return ψ. Shapes: (waves + 1, circles) → the same."""
        return self._stream(w, self._free)

    def evolve(self, w: np.ndarray, dt: float, steps: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield w and ψ after each step. Shapes: (waves + 1, circles) each."""
        schemes = [(scheme, *self._implicit(scheme[0] / dt)) for scheme in (EULER, SECOND, THIRD)]
        values, rates, psi = [], [], self.stream(w)
        for step in range(steps):
            (_, old, new), solve, shed, answer = schemes[min(step, 2)]
            values, rates = [w, *values[:2]], [self._advected(w, psi), *rates[:2]]
            right = self.ring.r**2 / dt * sum(a * each for a, each in zip(old, values, strict=True))
            right += sum(b * each for b, each in zip(new, rates, strict=True))
            w = solve(_ends(right, 0, 0))
            psi = self.stream(w)
            # What is shed at the wall holds the fluid there.
            amount = -self._at_wall(psi)[1:] / self._at_wall(answer)[1:]
            w[1:] += amount * shed[1:]
            psi[1:] += amount * answer[1:]
            yield w, psi

    def forces(self, w: np.ndarray) -> tuple[float, float]:
        r"""Return the coefficients of drag and lift, :math:`2 F / (\rho U^2 D)`, from the vorticity at the cylinder."""
        nu, first = self.viscosity[0], w[1]
        pressure = -1j * nu * self._at_wall(w)[1, 0]  # p_θ = ν r w_r where the fluid rests
        force = 2 * math.pi * RADIUS * (-pressure - 1j * nu * first[0])
        return 2 * force.real, -2 * force.imag

    def head(self, w: np.ndarray, psi: np.ndarray) -> np.ndarray:
        r"""Return the total head :math:`h = p + (u^2 + v^2) / 2`, for a pressure that vanishes far away.

        .. math:: \nabla^2 h = \nabla \cdot (\mathbf u \times \mathbf w), \qquad
                  h_r = -u_{r,t} + (\mathbf u \times \mathbf w)_r - (\nabla \times \nu \mathbf w)_r
                  \text{ on both ends}

        Shapes: (waves + 1, circles) twice → the same
        """
        ring = self.ring
        smooth = np.stack([ring.laplacian(m) @ (self.viscosity * w[m]) for m in range(ring.waves + 1)])
        psi_t = self._stream((self._advected(w, psi) + smooth) / ring.r**2, 0 * self._free)
        values, across, around = (ring.values(each) for each in (w, ring.by_radius(psi), ring.by_angle(psi)))
        radial, angular = ring.transform(-across * values), ring.transform(-around * values)
        slope = radial - ring.by_angle(psi_t + self.viscosity * w)
        slope[0, [0, -1]] = slope[0, -1], 0.5  # the head of the free stream
        return self._solve_head(_ends(ring.by_radius(radial) + ring.by_angle(angular), slope[:, 0], slope[:, -1]))

    def fields(self, w: np.ndarray, psi: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return u and v, which have no divergence as both come from one ψ, and p at places. Shapes: (places,) each."""
        stream, head = self.ring.interpolate(psi), self.ring.interpolate(self.head(w, psi))
        r, angle = np.hypot(x, y), np.arctan2(y, x)
        outward, around = stream(x, y, angular=1) / r, -stream(x, y, radial=1)
        u = outward * np.cos(angle) - around * np.sin(angle)
        v = outward * np.sin(angle) + around * np.cos(angle)
        return u, v, head(x, y) - (u**2 + v**2) / 2

    def refined(self, coarse: "CylinderFlow", w: np.ndarray) -> np.ndarray:
        """Return the w of a coarser flow. Shapes: (its waves + 1, its circles) → (waves + 1, circles)."""
        fine = np.zeros((self.ring.waves + 1, len(self.ring.r)), dtype=np.complex128)
        fine[: len(w)] = make_interp_spline(coarse.ring.r, w.T, k=7)(self.ring.r).T
        return fine

    def _stream(self, w: np.ndarray, rim: np.ndarray) -> np.ndarray:
        return self._solve_stream(_ends(-(self.ring.r**2) * w, 0, rim))

    def _advected(self, w: np.ndarray, psi: np.ndarray) -> np.ndarray:
        """−r² u · ∇w."""
        ring = self.ring
        slopes = (ring.by_radius(psi), ring.by_angle(w), ring.by_angle(psi), ring.by_radius(w))
        across, w_around, around, w_across = (ring.values(each) for each in slopes)
        return self._kept * ring.transform(across * w_around - around * w_across)

    def _implicit(self, rate: float) -> tuple:
        """Of a step: what solves it, and the w and ψ that it makes of a vorticity of 1 at the wall."""
        ring, nu = self.ring, sparse.diags_array(self.viscosity)
        solve = ring.solver(
            lambda m: sparse.diags_array(rate * ring.r**2) - ring.laplacian(m) @ nu,
            lambda m: ring.at(0) if m else self._slope,
            lambda m: ring.at(-1),
        )
        shed = solve(_ends(np.zeros((ring.waves + 1, len(ring.r)), dtype=np.complex128), ring.m[:, 0] > 0, 0))
        return solve, shed, self._stream(shed, 0 * self._free)

    def _at_wall(self, f: np.ndarray) -> np.ndarray:
        """R ∂f/∂r at the cylinder. Shapes: (waves + 1, circles) → (waves + 1, 1)."""
        return (self._slope @ f.T).T


def _ends(right: np.ndarray, first: np.ndarray | float, last: np.ndarray | float) -> np.ndarray:
    """The right-hand sides with those of the conditions. Shapes: (waves + 1, circles) → the same."""
    right[:, 0], right[:, -1] = first, last
    return right


@lru_cache(maxsize=1)
def wake(points: int = 256, frames: int = 200, start: int = 500, settle: int = 200) -> dict[str, np.ndarray]:
    r"""The window x ∈ [1, 8], y ∈ [−2, 2] behind a cylinder at a Reynolds number of 100, when the street is periodic.

    The flow starts on half of the circles with `CylinderFlow.disturbance`; the times count from when it has settled. It
    takes about 100 s on one core, and is solved once in a process.

    Measured with 256 circles: a Strouhal number of 0.1646, periods that agree to 1e-4, a mean drag coefficient of 1.327
    and a lift coefficient of ±0.321. Of the equations a residual of 2e-5 of their largest term is left.

    Source: the window, the times and the points of Raissi, Perdikaris and Karniadakis 2019,
    doi 10.1016/j.jcp.2018.10.045; the solution is our own.

    Args:
        points: Circles around the cylinder; with fewer than 96 the flow does not stay finite.
        frames: Times after the first, 0.1 apart.
        start: For how many times of 0.1 the flow develops on half of the circles.
        settle: For how many it goes on, on all of them, until the first time.

    Returns:
        ``x`` (100,), ``y`` (50,), ``t`` (frames + 1,), and ``u``, ``v`` and ``p`` (100, 50, frames + 1), at
        :math:`x_i`, :math:`y_j`, :math:`t_n`.

    Raises:
        ValueError: A number is out of bounds.
    """
    check_at_least(1, frames=frames, start=start, settle=settle)
    check_at_least(96, points=points)
    rough, flow = CylinderFlow(points // 2), CylinderFlow(points)
    begun, _ = deque(_frames(rough, rough.disturbance(), start), maxlen=1).pop()
    settled = islice(_frames(flow, flow.refined(rough, begun), settle + frames), settle - 1, None)
    x, y, t = np.linspace(1, 8, 100), np.linspace(-2, 2, 50), 0.1 * np.arange(frames + 1)
    places = [each.ravel() for each in np.meshgrid(x, y, indexing="ij")]
    fields = np.stack([flow.fields(w, psi, *places) for w, psi in settled], axis=-1)
    return {"x": x, "y": y, "t": t} | dict(zip("uvp", fields.reshape(3, len(x), len(y), len(t)), strict=True))


def _frames(flow: CylinderFlow, w: np.ndarray, count: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield w and ψ at times of 0.1 distance, and show how far it is where somebody watches."""
    substeps, console = math.ceil(len(flow.ring.r) / 12.8), Console(stderr=True)
    path = islice(flow.evolve(w, 0.1 / substeps, count * substeps), substeps - 1, None, substeps)
    yield from track(
        path, "flow past a cylinder", total=count, console=console, transient=True, disable=not console.is_terminal
    )
