import numpy as np
import pytest

from physml.physics import nbody


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def systems(rng, count=20, bodies=5):
    return (
        rng.normal(size=(count, bodies, 3)),
        0.5 * rng.normal(size=(count, bodies, 3)),
        rng.choice([-1.0, 1.0], size=(count, bodies)),
    )


def test_force_equals_the_loops(rng):
    x, _, q = systems(rng)
    x[:, 1] = x[:, 0] + 0.03  # within the cutoff
    expected = np.stack([nbody.force_by_loops(*system) for system in zip(x, q, strict=True)])
    np.testing.assert_allclose(nbody.force(x, q), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(nbody.force(x[0], q[0]), expected[0], rtol=1e-12, atol=1e-12)


def test_force_is_coulombs_and_bounded():
    x = np.array([[0.0, 0, 0], [2.0, 0, 0]])
    np.testing.assert_allclose(nbody.force(x, np.array([1.0, 1.0])), [[-0.25, 0, 0], [0.25, 0, 0]])
    np.testing.assert_allclose(nbody.force(x, np.array([1.0, -1.0])), [[0.25, 0, 0], [-0.25, 0, 0]])
    np.testing.assert_allclose(nbody.force(x / 1000, np.array([1.0, 1.0])), [[-100, 0, 0], [100, 0, 0]])


@pytest.mark.parametrize("distance", [0.05, 0.0999, 0.1001, 0.5])
def test_force_is_minus_the_gradient_of_the_energy(distance):
    q = np.array([1.0, -1.0])

    def energy(r):
        x = np.array([[0.0, 0, 0], [r, 0, 0]])
        return nbody.energy(x, np.zeros_like(x), q)

    slope = (energy(distance + 1e-6) - energy(distance - 1e-6)) / 2e-6
    x = np.array([[0.0, 0, 0], [distance, 0, 0]])
    assert nbody.force(x, q)[1, 0] == pytest.approx(-slope, rel=1e-6)


def momentum_drift(states):
    total = states["v"].sum(2)
    return np.abs(total - total[:, :1]).max()


def test_momentum_charge_and_uniform_motion_are_exact(rng):
    states = nbody.simulate(rng, count=50, duration=1.0)
    assert states["x"].shape == states["v"].shape == (50, 11, 5, 3)
    assert states["q"].shape == (50, 5)
    assert set(np.unique(states["q"])) == {-1.0, 1.0}
    assert momentum_drift(states) < 1e-10
    uniform = states["x"][:, :1].mean(2) + states["t"][:, None] * states["v"][:, :1].mean(2)
    np.testing.assert_allclose(states["x"].mean(2), uniform, atol=1e-10)


def test_the_published_bound_of_components_would_lose_momentum(rng, monkeypatch):
    honest = nbody._force
    monkeypatch.setattr(nbody, "_force", lambda *arguments: np.clip(honest(*arguments), -0.5, 0.5))
    assert momentum_drift(nbody.simulate(rng, count=50, duration=1.0)) > 1e-3


def order_of_energy(rng, integrate):
    x, v, _ = systems(rng, count=50)
    q = np.ones((50, 5))  # repelling, so that no encounter is too close for the coarse step
    errors = []
    for step in (0.02, 0.01):
        places, speeds = integrate(x, v, q, step, round(1 / step), 1)
        energy = nbody.energy(places, speeds, q[:, None])
        errors.append(np.median(np.abs(energy - energy[:, :1]).max(1)))
    return np.log2(errors[0] / errors[1])


def test_leapfrog_is_of_second_order(rng):
    assert order_of_energy(rng, nbody.leapfrog) == pytest.approx(2, abs=0.2)


def test_whole_kicks_are_of_first_order_only(rng):
    def euler(x, v, q, step, steps, every):
        states = [(x, v)]
        for _ in range(steps):
            v = v + step * nbody.force(x, q)
            x = x + step * v
            states.append((x, v))
        return tuple(np.stack(parts, axis=1) for parts in zip(*states, strict=True))

    assert order_of_energy(rng, euler) < 1.3


def test_leapfrog_runs_backwards_and_keeps_every_frame(rng):
    x, v, q = systems(rng, count=600)  # more than a chunk
    q = np.abs(q)
    places, speeds = nbody.leapfrog(x, v, q, 0.01, 20, 5)
    assert places.shape == (600, 5, 5, 3)
    back, slower = nbody.leapfrog(places[:, -1], -speeds[:, -1], q, 0.01, 20, 20)
    np.testing.assert_allclose(back[:, -1], x, atol=1e-9)
    np.testing.assert_allclose(-slower[:, -1], v, atol=1e-9)
    np.testing.assert_allclose(nbody.leapfrog(x, v, q, 0.01, 5, 5)[0][:, 1], places[:, 1], atol=1e-12)


def test_two_charges_on_a_circle():
    # Force 1 = v² / r holds opposite unit charges a distance 1 apart on circles of radius 1/2.
    speed, radius = 0.5**0.5, 0.5
    x = np.array([[[radius, 0, 0], [-radius, 0, 0]]])
    v = np.array([[[0, speed, 0], [0, -speed, 0]]])
    steps = 2000
    places, _ = nbody.leapfrog(x, v, np.array([[1.0, -1.0]]), 2 * np.pi * radius / speed / steps, steps, steps)
    np.testing.assert_allclose(places[:, -1], x, atol=1e-4)


def test_initial_values(rng):
    states = nbody.simulate(rng, count=2000, duration=0.1)
    np.testing.assert_allclose(np.linalg.norm(states["v"][:, 0], axis=-1), 0.5)
    assert states["x"][:, 0].std() == pytest.approx(1, abs=0.02)
    assert abs(states["q"].mean()) < 0.04


def test_errors_say_what_to_do(rng):
    with pytest.raises(ValueError, match="multiple of every=3, got 10"):
        nbody.leapfrog(*systems(rng), 0.01, 10, 3)
    with pytest.raises(ValueError, match="multiple of sampling"):
        nbody.simulate(rng, duration=0.25)


def test_the_initial_state_is_not_overwritten(rng):
    x, v, q = (
        np.asfortranarray(rng.normal(size=(2, 3, 3))),
        np.asfortranarray(rng.normal(size=(2, 3, 3))),
        np.ones((2, 3)),
    )
    before = x.copy(), v.copy()
    nbody.leapfrog(x, v, q, 0.01, 10, 10)
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(v, before[1])
