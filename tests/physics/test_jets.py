import numpy as np
import pytest
from scipy import stats

from physml.ops import lorentz
from physml.physics import jets
from physml.physics.jets import MASS_TOP, MASS_W

COUNT = 3000


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture(scope="module")
def sample():
    return jets.simulate(np.random.default_rng(8), 2 * COUNT)


def test_two_body_decay_conserves_momentum_and_masses(rng):
    parent = lorentz.from_cylindrical(*rng.uniform(1, 2, (3, 50)), rng.uniform(10, 20, 50))
    m1, m2 = rng.uniform(0, 4, (2, 50))
    first, second = jets.two_body_decay(parent, jets.isotropic(rng, 50), m1, m2)
    np.testing.assert_allclose(first + second, parent, atol=1e-10)
    np.testing.assert_allclose(lorentz.mass(first), m1, atol=1e-6)
    np.testing.assert_allclose(lorentz.mass(second), m2, atol=1e-6)


@pytest.mark.parametrize("name", ["top_fraction", "gluon_fraction"])
def test_probabilities_beyond_one_are_refused(rng, name):
    with pytest.raises(ValueError, match="expected top_fraction and gluon_fraction from 0 to 1"):
        jets.simulate(rng, count=2, **{name: 1.5})


def test_two_body_decay_refuses_daughters_that_are_too_heavy(rng):
    with pytest.raises(ValueError, match="cannot decay to 21 GeV"):
        jets.two_body_decay(np.array([[20.0, 0, 0, 0]]), np.array([[0, 0, 1.0]]), np.array([20.0]), np.array([1.0]))


def test_directions_are_isotropic(rng):
    direction = jets.isotropic(rng, 20_000)
    np.testing.assert_allclose(np.linalg.norm(direction, axis=1), 1)
    for component in direction.T:  # Archimedes: each is uniform
        assert stats.kstest(component, stats.uniform(-1, 2).cdf).pvalue > 1e-3
    naive = rng.normal(size=(20_000, 3)).clip(-1, 1)
    naive /= np.linalg.norm(naive, axis=1, keepdims=True)
    assert stats.kstest(naive[:, 0], stats.uniform(-1, 2).cdf).pvalue < 1e-3


def test_top_and_w_masses_from_the_partons(rng):
    pt = rng.uniform(550, 650, COUNT)
    p, jet, prong = jets.top_partons(rng, pt, cutoff=0.5)
    top = jets.sum_by_jet(p, jet, COUNT)
    w = jets.sum_by_jet(p[prong > 0], jet[prong > 0], COUNT)
    wrong = jets.sum_by_jet(p[prong < 2], jet[prong < 2], COUNT)  # the b quark taken for one of the W boson's
    np.testing.assert_allclose(lorentz.mass(top), MASS_TOP, rtol=1e-7)
    np.testing.assert_allclose(lorentz.mass(w), MASS_W, rtol=1e-7)
    assert lorentz.mass(wrong).std() > 10
    nothing = np.zeros(COUNT)
    np.testing.assert_allclose(top, lorentz.from_cylindrical(pt, nothing, nothing, MASS_TOP + nothing), atol=1e-6)


def test_energy_of_the_b_quark_in_the_rest_frame_of_the_top(rng):
    p, jet, prong = jets.top_partons(rng, np.full(COUNT, 600.0), cutoff=50.0)  # hardly any radiation
    b = jets.sum_by_jet(p[prong == 0], jet[prong == 0], COUNT)
    top = jets.sum_by_jet(p, jet, COUNT)
    energy = lorentz.boost(b, lorentz.reverse(top))[:, 0]
    assert np.median(energy) == pytest.approx((MASS_TOP**2 - MASS_W**2) / (2 * MASS_TOP), rel=1e-6)
    x = lorentz.dot(b, top) / MASS_TOP**2
    lab = b[:, 0] / top[:, 0]  # uniform for an isotropic decay to a massless body
    gamma = top[0, 0] / MASS_TOP
    beta = np.sqrt(1 - 1 / gamma**2)
    cosine = (lab / np.median(x) - 1) / beta
    assert stats.kstest(cosine, stats.uniform(-1, 2).cdf).pvalue > 1e-3


def test_constituents_are_massless_and_in_the_cone(sample):
    assert np.abs(lorentz.dot(sample["p"], sample["p"])).max() < 1e-5
    jet = np.repeat(np.arange(2 * COUNT), np.diff(sample["offsets"]))
    total = jets.sum_by_jet(sample["p"], jet, 2 * COUNT)
    np.testing.assert_allclose(lorentz.mass(total), sample["m"], atol=1e-6)
    np.testing.assert_allclose(lorentz.transverse_momentum(total), sample["pT"])
    distance = np.hypot(
        lorentz.pseudorapidity(sample["p"]) - lorentz.pseudorapidity(total)[jet],
        lorentz.wrap(lorentz.azimuth(sample["p"]) - lorentz.azimuth(total)[jet]),
    )
    assert (distance < 0.8).mean() > 0.99  # the axis moved when those outside were dropped
    assert np.diff(sample["offsets"]).min() >= 1


def test_a_jet_is_never_empty_even_of_a_slow_top():
    slow = jets.simulate(np.random.default_rng(13), COUNT, top_fraction=1, pt_min=20, pt_max=60)
    assert np.diff(slow["offsets"]).min() == 1
    assert np.isfinite(slow["m"]).all()


def test_jet_masses(sample):
    """QCD's falls from well below the top mass; the top jets' peaks at the top mass, with its W boson below."""
    edges = np.arange(0, 261, 20)
    qcd, top = (np.histogram(sample["m"][sample["label"] == label], edges)[0] for label in (0, 1))
    beyond_peak = qcd[2:]
    assert (np.diff(beyond_peak) < 3 * np.sqrt(beyond_peak[:-1])).all()
    assert qcd[2] > 5 * qcd[9]
    assert edges[top.argmax()] < MASS_TOP < edges[top.argmax() + 1]
    assert top[4] > top[3] + 5 * np.sqrt(top[3])  # 80 … 100 GeV: the b quark went astray
    assert (sample["m"][sample["label"] == 1] < MASS_TOP + 1e-6).all()


def test_gluon_jets_are_heavier_and_have_more_constituents(rng):
    quark, gluon = (
        jets.simulate(np.random.default_rng(9), COUNT, top_fraction=0, gluon_fraction=fraction) for fraction in (0, 1)
    )
    assert np.median(gluon["m"]) > 1.3 * np.median(quark["m"])
    assert len(gluon["p"]) > 1.5 * len(quark["p"])


def test_without_coupling_a_jet_is_one_parton(rng):
    p, jet = jets.qcd_jets(rng, np.full(100, 600.0), alpha_s=1e-9)
    np.testing.assert_array_equal(jet, np.arange(100))
    np.testing.assert_allclose(p, np.broadcast_to([600.0, 600, 0, 0], (100, 4)))


def test_share_of_tops_and_determinism():
    once, again = (jets.simulate(np.random.default_rng(10), 500, top_fraction=0.2) for _ in range(2))
    assert 60 < once["label"].sum() < 140
    for name in once:
        np.testing.assert_array_equal(once[name], again[name])
    assert jets.simulate(np.random.default_rng(10), 20, top_fraction=0)["label"].sum() == 0
    assert jets.simulate(np.random.default_rng(10), 20, top_fraction=1)["label"].sum() == 20
