r"""Water in a tank, in two dimensions, by the moving-least-squares material point method (MLS-MPM).

Units: lengths in the width L of the default tank, times in :math:`\sqrt{L/g}`, so that gravity is 1; the density of
water at rest is 1. The tank is :math:`[0, W] \times [0, H]`, the second coordinate points up, and the walls are
frictionless.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from rich.console import Console
from rich.progress import track
from torch import Tensor

from physml.ops.bounds import check_at_least, check_positive
from physml.ops.segments import segment_index, segment_mean


class State(NamedTuple):
    """Particles of any number of tanks, one tank after the other.

    Args:
        x: Positions (points, 2).
        v: Velocities (points, 2).
        C: Velocity gradients (points, 2, 2).
        J: Volumes relative to those at rest (points,).
    """

    x: Tensor
    v: Tensor
    C: Tensor
    J: Tensor


@dataclass(frozen=True)
class Water:
    r"""Weakly compressible water in a tank, without shear viscosity.

    .. math:: \rho \frac{dv}{dt} = -\nabla p + \rho g, \qquad
              p = c^2 (\rho - \rho_0) - b\, \rho_0\, c\, d\, \nabla \cdot v, \qquad
              \frac{dJ}{dt} = J\, \nabla \cdot v, \quad J = \rho_0 / \rho

    The last term of p is an artificial bulk viscosity: after an impact it damps the sound whose waves span few cells.

    Particles carry mass, momentum and its gradient (APIC); the forces between them are exchanged over a grid with
    quadratic B-splines. Mass is conserved by construction, linear and angular momentum are by the transfer, up to
    gravity and the walls, whose nodes let no velocity into the wall. No particle crosses a wall: at the wall its
    velocity is that of the wall's nodes alone.

    Units: see the module. Speeds should stay well below c; a step of at most 0.4 d/c is stable.

    Source: Hu et al. 2018, "A moving least squares material point method with displacement discontinuity and two-way
    rigid body coupling", ACM Transactions on Graphics 37(4), doi 10.1145/3197517.3201293; the affine transfer is that
    of Jiang et al. 2015, doi 10.1145/2766996; the bulk viscosity is the linear term of Wilkins 1980, Journal of
    Computational Physics 36, 281, with ρ₀ for ρ and on both signs of the divergence.

    Args:
        width: W.
        height: H.
        cell: Width d of a grid cell, of which W and H are multiples.
        packing: Particles along the width of a cell, at rest; more of them resolve no more than the grid does.
        sound: Speed of sound c; ten times the greatest speed keeps changes of density near a per cent.
        gravity: g.
        damping: b, 0 to 0.4: above, steps in which sound crosses 0.4 cells are unstable.

    Raises:
        ValueError: The tank is no whole number of cells wide and high, or a number is out of bounds.
    """

    width: float = 1.0
    height: float = 1.0
    cell: float = 1 / 24
    packing: float = 1.5
    sound: float = 10.0
    gravity: float = 1.0
    damping: float = 0.25

    def __post_init__(self) -> None:
        check_at_least(0, gravity=self.gravity)
        check_positive(width=self.width, height=self.height, cell=self.cell, packing=self.packing, sound=self.sound)
        if any(abs(size / self.cell - round(size / self.cell)) > 1e-6 for size in (self.width, self.height)):
            raise ValueError(
                f"expected a tank of whole cells, got {self.width:g} by {self.height:g} with cells of {self.cell:g}: "
                "choose multiples of the cell"
            )
        if not 0 <= self.damping <= 0.4:
            raise ValueError(f"expected a damping of 0 to 0.4, got {self.damping:g}: what is beyond is unstable")

    @property
    def spacing(self) -> float:
        """Distance of particles at rest."""
        return self.cell / self.packing

    @property
    def particle_mass(self) -> float:
        """Mass of a particle, which is its volume at rest."""
        return self.spacing**2

    def block(self, columns: int, rows: int, corner: tuple[float, float] = (0.0, 0.0)) -> Tensor:
        """Positions of a rectangle of water at rest whose lower left corner is `corner`. Shapes: (particles, 2)."""
        x = corner[0] + self.spacing * (torch.arange(columns, dtype=torch.float64) + 0.5)
        y = corner[1] + self.spacing * (torch.arange(rows, dtype=torch.float64) + 0.5)
        return torch.cartesian_prod(x, y)

    def at(self, x: Tensor, v: Tensor) -> State:
        """Return the state of uncompressed water with given positions and velocities. Shapes: (points, 2) each."""
        return State(x, v, x.new_zeros(len(x), 2, 2), x.new_ones(len(x)))

    def step(self, state: State, tank: Tensor, dt: float) -> State:
        r"""Advance all particles by one time step.

        .. math::
            m_i = \sum_p w_{ip} m_p, \qquad
            m_i v_i = \sum_p w_{ip} \left[ m_p v_p + \left( m_p C_p + \tfrac{4 h}{d^2} V_p J_p\, p_p \right)
                (x_i - x_p) \right] + h\, m_i g

            v_p = \sum_i w_{ip} v_i, \qquad C_p = \frac{4}{d^2} \sum_i w_{ip} v_i (x_i - x_p)^T, \qquad
            x_p \leftarrow x_p + h v_p, \qquad J_p \leftarrow J_p (1 + h \operatorname{tr} C_p)

        Args:
            state: Particles.
            tank: Number of the tank of each particle, (points,) int64; tanks do not know of each other.
            dt: Step h.
        """
        nodes, weights, arm = self._stencil(state.x)
        mass, scale = self.particle_mass, 4 / self.cell**2
        divergence = state.C[:, 0, 0] + state.C[:, 1, 1]
        # J p, with p = c² (ρ − ρ₀) − b ρ₀ c d ∇·v and ρ₀ = 1
        pressure = self.sound**2 * (1 - state.J) - self.damping * self.sound * self.cell * state.J * divergence
        affine = mass * state.C + (dt * scale * mass * pressure)[:, None, None] * torch.eye(2).to(state.x)
        momentum = mass * state.v[:, None] + torch.einsum("pij,pnj->pni", affine, arm)
        carried = weights[..., None] * torch.cat([torch.full_like(weights, mass)[..., None], momentum], dim=-1)

        columns, rows = self._grid
        place = (nodes + (tank * columns * rows)[:, None]).flatten()
        grid = carried.new_zeros((int(tank.max()) + 1) * columns * rows, 3).index_add_(0, place, carried.flatten(0, 1))
        velocity = grid[:, 1:] / grid[:, :1].clamp(min=1e-12 * mass)
        velocity[:, 1] -= dt * self.gravity
        velocity = self._within_walls(velocity.view(-1, columns, rows, 2)).view(-1, 2)

        moved = weights[..., None] * velocity.index_select(0, place).view(*nodes.shape, 2)
        v = moved.sum(1)
        C = scale * torch.einsum("pni,pnj->pij", moved, arm)
        return State(state.x + dt * v, v, C, state.J * (1 + dt * (C[:, 0, 0] + C[:, 1, 1])))

    def trajectory(self, state: State, offsets: Tensor, dt: float, steps: int, substeps: int) -> tuple[Tensor, Tensor]:
        """Positions and velocities every `dt`, the initial ones first.

        Args:
            state: Initial particles.
            offsets: Tank e holds the particles ``offsets[e]:offsets[e + 1]``, int64.
            dt: Time between two recorded states.
            steps: Recorded states after the initial one.
            substeps: Time steps of the method between two recorded states.

        Shapes:
            (points, …), offsets (tanks + 1,) → (points, steps + 1, 2) twice

        Raises:
            ValueError: Sound would cross more than 0.4 of a cell in a time step.
            FloatingPointError: The water is no longer finite.
        """
        if self.sound * dt / substeps > 0.4 * self.cell:
            needed = int(np.ceil(self.sound * dt / (0.4 * self.cell)))
            raise ValueError(
                f"expected steps in which sound crosses at most 0.4 cells, got {substeps} substeps of a frame of "
                f"{dt:g}: take at least {needed}"
            )
        tank = segment_index(offsets)
        x, v = [state.x], [state.v]
        console = Console(stderr=True)
        frames = track(range(steps), "water", console=console, transient=True, disable=not console.is_terminal)
        for frame in frames:
            for _ in range(substeps):
                state = self.step(state, tank, dt / substeps)
            if not torch.isfinite(state.x).all():
                raise FloatingPointError(
                    f"the water is no longer finite at frame {frame + 1} of {steps} with {substeps} steps a frame: "
                    "raise substeps or lower the speed"
                )
            x.append(state.x)
            v.append(state.v)
        return torch.stack(x, dim=1), torch.stack(v, dim=1)

    @property
    def _grid(self) -> tuple[int, int]:
        """Nodes in both directions: the centres of the cells, and one more beyond each wall."""
        return round(self.width / self.cell) + 2, round(self.height / self.cell) + 2

    def _stencil(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The nine nodes around each particle, their weights, and their positions seen from the particle."""
        columns, rows = self._grid
        scaled = x / self.cell
        last = torch.tensor([columns - 3, rows - 3], device=x.device)
        nearest = scaled.floor().long().clamp(min=0).minimum(last)
        d = (scaled - nearest - 0.5)[:, None]
        side = torch.tensor([-1, 0, 1], device=x.device)[:, None]
        axis_weights = _spline(d, side)
        weights = axis_weights[:, :, None, 0] * axis_weights[:, None, :, 1]
        axis_arm = self.cell * (side - d)
        arm = torch.stack(torch.broadcast_tensors(axis_arm[:, :, None, 0], axis_arm[:, None, :, 1]), dim=-1)
        nodes = nearest[:, None] + 1 + side
        nodes = nodes[:, :, None, 0] * rows + nodes[:, None, :, 1]
        return nodes.flatten(1), weights.flatten(1), arm.flatten(1, 2)

    def _within_walls(self, velocity: Tensor) -> Tensor:
        """Let no velocity of the nodes beside and beyond a wall point into it. Shapes: (tanks, columns, rows, 2)."""
        velocity[:, :2, :, 0].clamp_(min=0)
        velocity[:, -2:, :, 0].clamp_(max=0)
        velocity[:, :, :2, 1].clamp_(min=0)
        velocity[:, :, -2:, 1].clamp_(max=0)
        return velocity


def _spline(d: Tensor, side: Tensor) -> Tensor:
    """Quadratic B-spline at the nodes −1, 0 and 1 for a particle at −½ ≤ d ≤ ½: they sum to one."""
    return torch.where(side == 0, 0.75 - d**2, 0.5 * (0.5 + side * d) ** 2)


def momentum_imbalance(
    before: Tensor, now: Tensor, after: Tensor, offsets: Tensor, dt: float, margin: float, water: Water
) -> tuple[Tensor, Tensor]:
    r"""How far the total momentum of each tank's water is from changing by gravity alone.

    .. math:: \frac{1}{g \Delta t^2} \frac1N \sum_i (x_i^{t+1} - 2 x_i^t + x_i^{t-1}) - (0, -1)

    Forces between particles cancel in the sum, so a component of this is zero as long as no particle touches a wall
    that bounds this component: a puddle on the ground keeps its horizontal momentum until it reaches a side.

    Units: of the weight of the water, dimensionless.

    Args:
        before: Positions :math:`x^{t-1}`.
        now: Positions :math:`x^t`.
        after: Positions :math:`x^{t+1}`.
        offsets: Tank e holds the particles ``offsets[e]:offsets[e + 1]``.
        dt: Time Δt between two frames.
        margin: Distance below which a particle may touch a wall; the method's reach is two cells.
        water: The tank.

    Returns:
        The imbalance, and for each component whether the law holds: whether no particle is near its two walls.

    Shapes:
        three times (points, 2), offsets (tanks + 1,) → (tanks, 2) and (tanks, 2) bool
    """
    change = segment_mean(after - 2 * now + before, offsets) / (water.gravity * dt**2)
    size = now.new_tensor([water.width, water.height])
    near = ((now < margin) | (now > size - margin)).to(now.dtype)
    return change + change.new_tensor([0.0, 1.0]), segment_mean(near, offsets) == 0


def simulate(
    rng: np.random.Generator,
    count: int = 8,
    frames: int = 200,
    dt: float = 0.01,
    substeps: int = 8,
    smallest: float = 0.25,
    largest: float = 0.45,
    speed: float = 0.5,
    water: Water | None = None,
) -> dict[str, np.ndarray]:
    r"""Rectangles of water thrown into tanks.

    Width and height are uniform between `smallest` and `largest`, the place is uniform in the tank, the velocity is
    uniform in :math:`[-v, v]^2`.

    Units: see the module.

    Args:
        rng: Source of randomness.
        count: Number of tanks.
        frames: Recorded frames after the initial one.
        dt: Time Δt between two frames.
        substeps: Time steps between two frames.
        smallest: Least width and height of the water.
        largest: Greatest width and height of the water.
        speed: Greatest component v of the initial velocity.
        water: The tank and its grid (default: `Water()`).

    Returns:
        ``t`` (frames + 1,), ``offsets`` (count + 1,): tank e holds the particles ``offsets[e]:offsets[e + 1]``, and
        positions ``x`` and velocities ``v`` (particles, frames + 1, 2), in single precision.

    Raises:
        ValueError: The water does not fit into the tank, or a number is out of bounds.
    """
    check_at_least(1, count=count, frames=frames, substeps=substeps)
    check_at_least(0, speed=speed)
    check_positive(dt=dt)
    water = water or Water()
    if not water.spacing <= smallest <= largest <= min(water.width, water.height):
        raise ValueError(
            f"expected water of a width and height from {water.spacing:g} to {min(water.width, water.height):g}, those "
            f"of the tank, got {smallest:g} to {largest:g}: change smallest and largest"
        )
    if not speed < water.sound:
        raise ValueError(f"expected a speed well below that of sound, {water.sound:g}, got {speed:g}: lower it")
    size, x, v, counts = np.array([water.width, water.height]), [], [], [0]
    for _ in range(count):
        most = np.floor(size / water.spacing + 1e-9)
        columns, rows = np.minimum(np.round(rng.uniform(smallest, largest, 2) / water.spacing), most).astype(int)
        room = size - water.spacing * np.array([columns, rows])
        particles = water.block(columns, rows, tuple(rng.uniform(0, room)))
        # Water that starts as a perfect lattice would stay one for long.
        x.append(particles + water.spacing * torch.from_numpy(rng.uniform(-0.2, 0.2, (len(particles), 2))))
        v.append(torch.from_numpy(rng.uniform(-speed, speed, 2)).expand(len(particles), 2))
        counts.append(len(particles))
    offsets = torch.tensor(counts).cumsum(0)
    state = water.at(torch.cat(x).float(), torch.cat(v).float())
    positions, velocities = water.trajectory(state, offsets, dt, frames, substeps)
    return {
        "t": dt * np.arange(frames + 1),
        "offsets": offsets.numpy(),
        "x": positions.numpy(),
        "v": velocities.numpy(),
    }
