import numpy as np
import pytest
from scipy import integrate, stats

from physml.ops import lorentz
from physml.physics import parton_shower
from physml.physics.jets import isotropic
from physml.physics.parton_shower import perpendicular, shower, splitting_function, strong_coupling

COUNT = 2000


@pytest.fixture(scope="module")
def start():
    rng = np.random.default_rng(1)
    return rng.uniform(550, 650, COUNT), isotropic(rng, COUNT), rng.random(COUNT) < 0.5


@pytest.fixture(scope="module")
def tree(start):
    energy, direction, gluon = start
    return shower(np.random.default_rng(2), energy, direction, gluon, np.full(COUNT, 0.8), cutoff=0.5)


def daughters_of(tree):
    """Slow, obvious reference: collect the daughters of each parton by looking at every parton's parent."""
    daughters = {}
    for number, parent in enumerate(tree.parent):
        if parent >= 0:
            daughters.setdefault(int(parent), []).append(number)
    return daughters


def test_four_momentum_is_conserved_in_every_splitting(tree):
    daughters = daughters_of(tree)
    assert len(daughters) == (~tree.final).sum() > 5 * COUNT
    parents = np.array(list(daughters))
    b, c = np.array(list(daughters.values())).T
    np.testing.assert_allclose(tree.momentum[b] + tree.momentum[c], tree.momentum[parents], atol=1e-9)
    broken = tree.momentum[b] + lorentz.reverse(tree.momentum[c])
    assert not np.allclose(broken, tree.momentum[parents], atol=1)


def test_final_partons_add_up_to_the_first(tree, start):
    energy, direction, _ = start
    total = np.stack([np.bincount(tree.jet[tree.final], column[tree.final], COUNT) for column in tree.momentum.T], -1)
    np.testing.assert_allclose(total, tree.momentum[:COUNT], atol=1e-8)
    np.testing.assert_allclose(total[:, 0], energy, atol=1e-8)
    unit = total[:, 1:] / np.linalg.norm(total[:, 1:], axis=1, keepdims=True)
    np.testing.assert_allclose(unit, direction, atol=1e-12)


def test_final_partons_are_massless_and_the_others_not(tree):
    squared = lorentz.dot(tree.momentum, tree.momentum)
    assert np.abs(squared[tree.final]).max() < 1e-6
    assert squared[~tree.final].min() > 0.05


def test_the_drawn_angle_is_the_one_between_the_daughters(tree):
    daughters = daughters_of(tree)
    p = tree.momentum[:, 1:] / np.linalg.norm(tree.momentum[:, 1:], axis=1, keepdims=True)
    b, c = np.array(list(daughters.values())).T
    between = 2 * np.arcsin(np.linalg.norm(p[b] - p[c], axis=1) / 2)
    np.testing.assert_allclose(between, tree.angle[list(daughters)], rtol=1e-6, atol=1e-6)


def test_angles_fall_along_every_branch(tree):
    has_parent = tree.parent >= 0
    assert (tree.angle[has_parent] < tree.angle[tree.parent[has_parent]]).all()
    assert (tree.angle < 0.8).all()
    masses = lorentz.mass(
        tree.momentum
    )  # virtual masses need not fall so: a soft daughter may be followed by a hard one
    grand = has_parent & ~tree.final
    inherited = masses[grand] / tree.momentum[grand, 0]
    assert not (inherited < (masses / tree.momentum[:, 0])[tree.parent[grand]]).all()


def test_transverse_momenta_are_above_the_cutoff(tree):
    daughters = daughters_of(tree)
    x = np.array([tree.momentum[c, 0] / tree.momentum[a, 0] for a, (_, c) in daughters.items()])
    parents = np.array(list(daughters))
    assert (x * (1 - x) * tree.momentum[parents, 0] * tree.angle[parents]).min() > 0.5


def test_flavour_is_conserved(tree):
    gluons = {parent: tree.gluon[pair].tolist() for parent, pair in daughters_of(tree).items()}
    quark = [pair for parent, pair in gluons.items() if not tree.gluon[parent]]
    gluon = [pair for parent, pair in gluons.items() if tree.gluon[parent]]
    assert all(pair == [False, True] for pair in quark)
    assert all(pair in ([True, True], [False, False]) for pair in gluon)
    assert any(pair == [False, False] for pair in gluon)


def first_splittings(gluon, splitting=splitting_function, energy=500.0, count=40_000, alpha_s=0.118, cutoff=5.0):
    direction = np.broadcast_to([0.0, 0.0, 1.0], (count, 3))
    tree = shower(
        np.random.default_rng(3),
        np.full(count, energy),
        direction,
        np.full(count, gluon),
        np.full(count, 0.8),
        alpha_s,
        cutoff,
        splitting,
    )
    parents = np.flatnonzero(~tree.final[:count])
    second = np.array([pair[1] for parent, pair in sorted(daughters_of(tree).items()) if parent < count])
    return tree.momentum[second, 0] / energy, tree.angle[parents], len(parents) / count


def expected_rate(gluon, log_angle, x, energy=500.0, cutoff=5.0):
    """dP/(dlnθ dx), where allowed."""
    kt = x * (1 - x) * energy * np.exp(log_angle)
    density = 2 * strong_coupling(np.maximum(kt, cutoff)) / (2 * np.pi) * splitting_function(x, np.array(gluon))
    return np.where(kt > cutoff, density, 0.0)


@pytest.mark.parametrize("gluon", [False, True])
def test_first_splitting_follows_the_splitting_function(gluon):
    """In a narrow window of angles x is distributed as α_s(k_T) P(x); KS test, and a uniform 1/x must fail."""
    x, angle, _ = first_splittings(gluon)
    window = (angle > 0.4) & (angle < 0.44)
    grid = np.linspace(0.001, 0.999, 20_001)
    density = expected_rate(gluon, np.log(0.42), grid, cutoff=5.0)
    cumulative = integrate.cumulative_trapezoid(density, grid, initial=0)
    inside = x[window]
    ks = stats.kstest(inside, lambda v: np.interp(v, grid, cumulative / cumulative[-1]))
    assert len(inside) > 300
    assert ks.pvalue > 0.01
    soft = np.where(density > 0, 1 / grid, 0)
    cumulative = integrate.cumulative_trapezoid(soft, grid, initial=0)
    whole = x[(angle > 0.2)]
    assert stats.kstest(whole, lambda v: np.interp(v, grid, cumulative / cumulative[-1])).pvalue < 1e-4


@pytest.mark.parametrize("gluon", [False, True])
def test_no_splitting_happens_as_often_as_the_sudakov_factor_says(gluon):
    _, angle, share = first_splittings(gluon)
    log_angle = np.linspace(np.log(4 * 5.0 / 500), np.log(0.8), 400)
    grid = np.linspace(0.0005, 0.9995, 4000)
    rate = np.trapezoid(expected_rate(gluon, log_angle[:, None], grid), grid, axis=1)
    emitted = integrate.cumulative_trapezoid(rate[::-1], -log_angle[::-1], initial=0)  # from the largest angle down
    survival = np.exp(-emitted)
    error = np.sqrt(survival[-1] * (1 - survival[-1]) / 40_000)
    assert abs(1 - share - survival[-1]) < 4 * error
    assert abs(1 - share - (1 - emitted[-1])) > 4 * error  # without exponentiation
    # The largest angle is distributed as the derivative of the Sudakov factor.
    cumulative = np.interp(np.log(angle), log_angle, (survival[::-1] - survival[-1]) / (1 - survival[-1]))
    assert stats.kstest(cumulative, "uniform").pvalue > 0.01


def test_a_wrong_splitting_function_is_noticed():
    x, angle, _ = first_splittings(False, splitting=lambda x, gluon: 2 * parton_shower.COLOUR_QUARK * (1 - x) / x)
    window = (angle > 0.3) & (angle < 0.5)
    grid = np.linspace(0.001, 0.999, 20_001)
    cumulative = integrate.cumulative_trapezoid(expected_rate(False, np.log(0.4), grid), grid, initial=0)
    assert stats.kstest(x[window], lambda v: np.interp(v, grid, cumulative / cumulative[-1])).pvalue < 1e-3


def test_splitting_functions_against_the_symmetric_form():
    """The gluon's: half of the textbook form, folded; and momentum is carried whole, as the sum rules need."""
    z = np.linspace(0.01, 0.99, 99)
    textbook = 2 * 3.0 * (z / (1 - z) + (1 - z) / z + z * (1 - z)) / 2 + 5 / 2 * (z**2 + (1 - z) ** 2)
    ours = splitting_function(z, np.array(True))
    np.testing.assert_allclose(ours + ours[::-1], textbook + textbook[::-1])
    np.testing.assert_allclose(splitting_function(1 - z, np.array(False)), 4 / 3 * (1 + z**2) / (1 - z))


def test_splitting_functions_stay_below_the_soft_limit_that_they_are_drawn_from():
    x = np.linspace(1e-4, 1 - 1e-4, 10_001)
    assert (splitting_function(x, np.array(False)) <= 2 * 4 / 3 / x).all()
    assert (splitting_function(x, np.array(True)) <= 2 * 3 / x).all()


def test_coupling_runs():
    assert strong_coupling(np.array(91.19)) == pytest.approx(0.118)
    scale, step = 20.0, 1e-3
    slope = (strong_coupling(scale + step) - strong_coupling(scale - step)) / (2 * step) * scale
    assert slope == pytest.approx(-2 * 23 / (12 * np.pi) * strong_coupling(scale) ** 2, rel=1e-6)


def test_perpendicular_is_right_handed_and_orthonormal():
    axis = np.concatenate([isotropic(np.random.default_rng(4), 100), [[0, 0, 1], [0, 0, -1], [1, 0, 0]]])
    u, v = perpendicular(axis)
    np.testing.assert_allclose(np.cross(u, v), axis, atol=1e-12)
    basis = np.stack([u, v, axis], axis=1)
    np.testing.assert_allclose(basis @ basis.swapaxes(1, 2), np.broadcast_to(np.eye(3), (103, 3, 3)), atol=1e-12)


def test_same_seed_same_shower_and_no_jets_no_partons(start):
    energy, direction, gluon = start
    once, again = (
        shower(np.random.default_rng(5), energy[:50], direction[:50], gluon[:50], np.full(50, 0.8)) for _ in range(2)
    )
    np.testing.assert_array_equal(once.momentum, again.momentum)
    none = shower(np.random.default_rng(5), energy[:0], direction[:0], gluon[:0], energy[:0])
    assert none.momentum.shape == (0, 4)
