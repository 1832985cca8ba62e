import numpy as np
import pytest
import torch

from physml.ops.segments import segment_index, segment_sum
from physml.physics import fluid
from physml.physics.fluid import State, Water, momentum_imbalance, simulate

DT = 1.25e-3


@pytest.fixture
def water():
    return Water(gravity=0.0)


@pytest.fixture
def drop(water):
    """A drop far from the walls, in the middle of violent motion."""
    rng = np.random.default_rng(0)
    x = water.block(9, 7, (0.4, 0.3)) + 0.3 * water.spacing * torch.from_numpy(rng.uniform(-1, 1, (63, 2)))
    v, C = (torch.from_numpy(rng.normal(size=size)) for size in ((63, 2), (63, 2, 2)))
    return State(x, 0.3 * v, 2 * C, 1 + 0.05 * torch.from_numpy(rng.uniform(-1, 1, 63)))


def one_tank(state):
    return torch.zeros(len(state.x), dtype=torch.int64)


def step_by_loops(water, state, dt):
    """The same step, node by node and particle by particle, from the formulae of the docstring."""
    d, m = water.cell, water.particle_mass

    def weight(r):
        r = abs(r) / d
        return 0.75 - r**2 if r < 0.5 else 0.5 * (1.5 - r) ** 2 if r < 1.5 else 0.0

    cells = [round(water.width / d), round(water.height / d)]
    nodes = [
        torch.tensor([(i + 0.5) * d, (j + 0.5) * d]) for i in range(-1, cells[0] + 1) for j in range(-1, cells[1] + 1)
    ]
    x, v, C = state.x, torch.zeros_like(state.v), torch.zeros_like(state.C)
    for node in nodes:
        w = [weight(float(node[0] - p[0])) * weight(float(node[1] - p[1])) for p in x]
        mass = sum(w) * m
        if mass == 0:
            continue
        momentum = torch.zeros(2, dtype=x.dtype)
        for p in range(len(x)):
            viscous = water.damping * water.sound * d * state.J[p] * state.C[p].trace()
            stress = 4 * dt / d**2 * m * (water.sound**2 * (1 - state.J[p]) - viscous)
            momentum += w[p] * (m * state.v[p] + (m * state.C[p] + stress * torch.eye(2)) @ (node - x[p]))
        velocity = momentum / mass + torch.tensor([0.0, -dt * water.gravity])
        for axis, size in enumerate((water.width, water.height)):
            if node[axis] < d:
                velocity[axis] = max(velocity[axis], 0)
            if node[axis] > size - d:
                velocity[axis] = min(velocity[axis], 0)
        for p in range(len(x)):
            v[p] += w[p] * velocity
            C[p] += 4 / d**2 * w[p] * torch.outer(velocity, node - x[p])
    return State(x + dt * v, v, C, state.J * (1 + dt * (C[:, 0, 0] + C[:, 1, 1])))


def test_a_step_equals_the_loops():
    water = Water(width=0.5, height=0.375, cell=1 / 8)
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.uniform(0, 1, (12, 2))) * torch.tensor([0.5, 0.375])
    v, C = (torch.from_numpy(rng.normal(size=size)) for size in ((12, 2), (12, 2, 2)))
    state = State(x, v, C, torch.from_numpy(rng.uniform(0.9, 1.1, 12)))
    for expected, got in zip(step_by_loops(water, state, 1e-3), water.step(state, one_tank(state), 1e-3), strict=True):
        torch.testing.assert_close(got, expected)


def momenta(water, state):
    """Linear and angular momentum, the latter with that of the particles' affine motion: d²/4 per unit of mass."""
    spin = water.cell**2 / 4 * (state.C[:, 1, 0] - state.C[:, 0, 1])
    turn = state.x[:, 0] * state.v[:, 1] - state.x[:, 1] * state.v[:, 0] + spin
    return water.particle_mass * torch.cat([state.v.sum(0), turn.sum()[None]])


def drift_of_momenta(water, state):
    before = momenta(water, state)
    for _ in range(40):
        state = water.step(state, one_tank(state), DT)
    assert state.v.std() > 0.02  # it has not come to rest
    return (momenta(water, state) - before).abs()


def test_linear_and_angular_momentum_are_conserved(water, drop):
    assert drift_of_momenta(water, drop).max() < 1e-13


def test_weights_that_do_not_sum_to_one_lose_momentum(water, drop, monkeypatch):
    honest = fluid._spline
    monkeypatch.setattr(fluid, "_spline", lambda d, side: 0.999 * honest(d, side))
    assert drift_of_momenta(water, drop)[:2].max() > 1e-6


def test_gravity_changes_momentum_by_itself_alone(drop):
    water = Water(gravity=1.0)
    start, state = momenta(water, drop), drop
    for _ in range(40):
        state = water.step(state, one_tank(state), DT)
    mass = water.particle_mass * len(drop.x)
    change = momenta(water, state) - start
    torch.testing.assert_close(
        change[:2], torch.tensor([0.0, -40 * DT * mass], dtype=torch.float64), atol=1e-13, rtol=0
    )


def test_the_grid_holds_the_mass_of_the_particles_and_no_more(water, drop):
    nodes, weights, arm = water._stencil(drop.x)
    torch.testing.assert_close(weights.sum(1), torch.ones(63, dtype=torch.float64))
    torch.testing.assert_close((weights[..., None] * arm).sum(1), torch.zeros(63, 2, dtype=torch.float64))
    assert len(nodes.unique(dim=0)) > 1


def test_mass_stays_in_the_tank(monkeypatch):
    def lost(x):
        return int(((x < 0) | (x > 1)).any(-1).any(-1).sum())

    arguments = {"count": 3, "frames": 150, "speed": 2.0}
    assert lost(simulate(np.random.default_rng(0), **arguments)["x"]) == 0
    monkeypatch.setattr(Water, "_within_walls", lambda self, velocity: velocity)  # a tank without walls
    assert lost(simulate(np.random.default_rng(0), **arguments | {"frames": 15})["x"]) > 0


def test_water_at_rest_carries_its_own_weight():
    water = Water(width=0.25, height=0.75, packing=2.0, sound=20.0)
    x = water.block(12, 24)
    state, depth, pressure = water.at(x, torch.zeros_like(x)), 0.5, []
    for step in range(1600):
        state = water.step(state, one_tank(state), 8e-4)
        if step >= 800:  # over many periods of the sound that the start sets off
            pressure.append(water.sound**2 * (1 / state.J - 1))
    assert (state.x - x).abs().max() < 0.5 * water.spacing
    expected = depth - x[:, 1]
    bulk = (expected > 0.1) & (expected < 0.4)
    slope = torch.linalg.lstsq(expected[bulk, None], torch.stack(pressure).mean(0)[bulk, None]).solution
    assert float(slope) == pytest.approx(1.0, rel=0.05)


def dam_break(rows, length, cell=1 / 8):
    """A reservoir of depth h = rows · cell / 2 whose dam vanishes at time 0; g = 1."""
    water = Water(width=64 * cell, height=12 * cell, cell=cell, packing=2.0)
    x = water.block(length, rows)
    x, v = water.trajectory(water.at(x, torch.zeros_like(x)), torch.tensor([0, len(x)]), 0.1, 25, 20)
    return water, x, v


def test_sound_decays_as_the_bulk_viscosity_says():
    # A standing half wave between two walls: its amplitude falls as exp(-b c d k² t / 2). The water is under a pressure
    # that never lets go of the walls, whose nodes are half a cell inside.
    amplitudes = {}
    for damping in (0.0, 0.25):
        water = Water(height=0.25, gravity=0.0, damping=damping)
        x = water.block(36, 9)
        v = torch.stack([1e-3 * torch.sin(torch.pi * x[:, 0]), torch.zeros(len(x))], dim=1)
        state = water.at(x, v)
        state = state._replace(J=0.999 * state.J)
        paths, velocities = water.trajectory(state, torch.tensor([0, len(x)]), 0.01, 200, 8)
        mode = (velocities[..., 0] * torch.sin(torch.pi * paths[..., 0])).mean(0).abs()
        amplitudes[damping] = torch.stack([mode[start : start + 20].max() for start in (0, 80, 180)])
    wave = torch.pi / (1 - 1 / 24)
    expected = np.exp(-0.25 * 10 / 24 * wave**2 / 2 * np.array([0.8, 1.8]))
    ratio = amplitudes[0.25] / amplitudes[0.0]
    np.testing.assert_allclose((ratio[1:] / ratio[0]).numpy(), expected, rtol=0.05)


def test_the_front_of_a_dam_break_nears_the_speed_of_shallow_water():
    # Ritter 1892: on dry ground the front runs at 2 √(g h), here 2; the column must first fall, so that it comes near
    # from below (Stoker 1957, Water Waves, section 10.8, discusses why).
    _, x, _ = dam_break(rows=16, length=48)
    front = x[:, :, 0].amax(0)
    speed = (front[25] - front[20]) / 0.5
    assert 1.6 < speed < 2.0
    assert (front.diff() / 0.1).max() < 2.0


def test_the_depth_at_the_dam_becomes_four_ninths():
    water, x, _ = dam_break(rows=16, length=48)
    near = (x[:, 18:, 0] - 3.0).abs() < 0.25
    depth = near.sum(0).double().mean() * water.particle_mass / 0.5
    assert float(depth) == pytest.approx(4 / 9, rel=0.12)  # Ritter 1892


def test_tanks_do_not_know_of_each_other():
    water = Water()
    drops = [water.block(8, 9, (0.1, 0.0)), water.block(5, 6, (0.5, 0.3))]
    offsets = torch.tensor([0, 72, 102])
    together = water.trajectory(
        water.at(torch.cat(drops), torch.zeros(102, 2, dtype=torch.float64)), offsets, 0.01, 20, 8
    )
    for number, x in enumerate(drops):
        alone = water.trajectory(water.at(x, torch.zeros_like(x)), torch.tensor([0, len(x)]), 0.01, 20, 8)
        for a, b in zip(alone, together, strict=True):
            torch.testing.assert_close(a, b[offsets[number] : offsets[number + 1]])


def test_free_fall_is_exact():
    water = Water()
    x = water.block(6, 6, (0.4, 0.6))
    v = torch.tensor([0.1, 0.2], dtype=torch.float64).expand(36, 2)
    path, _ = water.trajectory(water.at(x, v), torch.tensor([0, 36]), 0.01, 10, 8)
    t = 0.1
    # Steps of h of the symplectic Euler method fall by g t (t + h) / 2.
    expected = x + t * v - torch.tensor([0.0, t * (t + 0.01 / 8) / 2], dtype=torch.float64)
    torch.testing.assert_close(path[:, -1], expected)


def test_momentum_is_balanced_where_no_wall_is_touched():
    frames = simulate(np.random.default_rng(2), count=12, frames=150)
    x, offsets = torch.from_numpy(frames["x"]).double(), torch.from_numpy(frames["offsets"])
    honest, broken = [], []
    for t in range(1, 150, 5):
        for margin, found in ((0.1, honest), (0.0, broken)):  # without a margin the walls' push is taken for none
            imbalance, holds = momentum_imbalance(x[:, t - 1], x[:, t], x[:, t + 1], offsets, 0.01, margin, Water())
            found.append(imbalance[holds])
    assert len(torch.cat(honest)) > 100
    assert torch.cat(honest).abs().max() < 0.02  # positions in single precision: 1e-7 / (g Δt²) a particle
    assert torch.cat(broken).abs().max() > 1.0


def test_momentum_imbalance_by_hand():
    now = torch.tensor([[0.5, 0.5], [0.6, 0.5], [0.05, 0.5]])
    after = now + torch.tensor([[0.03, -0.01], [0.01, -0.01], [0.0, 0.0]])
    imbalance, holds = momentum_imbalance(now, now, after, torch.tensor([0, 2, 3]), 0.1, margin=0.1, water=Water())
    torch.testing.assert_close(imbalance, torch.tensor([[2.0, 0.0], [0.0, 1.0]]))
    assert holds.tolist() == [[True, True], [False, True]]


def test_simulated_arrays():
    frames = simulate(np.random.default_rng(0), count=3, frames=4, dt=0.01)
    points = frames["offsets"][-1]
    assert frames["x"].shape == frames["v"].shape == (points, 5, 2)
    np.testing.assert_allclose(frames["t"], [0, 0.01, 0.02, 0.03, 0.04])
    counts = segment_sum(torch.ones(points), torch.from_numpy(frames["offsets"]))
    assert counts.min() >= 9**2
    assert counts.max() <= 16**2
    assert segment_index(torch.from_numpy(frames["offsets"])).max() == 2


def test_mistakes_are_told():
    with pytest.raises(ValueError, match=r"expected a tank of whole cells, got 1 by 1 with cells of 0.3"):
        Water(cell=0.3)
    with pytest.raises(ValueError, match=r"expected a damping of 0 to 0.4, got 0.5"):
        Water(damping=0.5)
    with pytest.raises(ValueError, match=r"got 2 substeps of a frame of 0.01: take at least 6"):
        simulate(np.random.default_rng(0), count=1, frames=1, substeps=2)


@pytest.mark.parametrize("packing", [1.4, 1.5])
def test_water_that_fills_the_tank_is_inside(packing):
    water = Water(packing=packing)
    x = simulate(np.random.default_rng(0), count=1, frames=1, smallest=1.0, largest=1.0, water=water)["x"]
    assert x.min() >= 0
    assert x.max() <= 1


@pytest.mark.parametrize("size", [0.0, 1.2])
def test_water_that_does_not_fit_is_refused(size):
    with pytest.raises(ValueError, match="expected water of a width and height from"):
        simulate(np.random.default_rng(0), count=1, smallest=size, largest=size)


def test_water_that_is_no_longer_finite_is_told():
    water = Water()
    state = water.at(torch.tensor([[0.5, 0.5]]), torch.tensor([[torch.nan, 0.0]]))
    with pytest.raises(FloatingPointError, match="no longer finite at frame 1 of 3 with 8 steps a frame"):
        water.trajectory(state, torch.tensor([0, 1]), 0.01, 3, 8)
