import numpy as np
import pytest

from physml.ops import lorentz
from physml.physics.jet_images import jet_images, pose
from physml.physics.jets import simulate


@pytest.fixture(scope="module")
def sample():
    return simulate(np.random.default_rng(11), 300)


def means(pt, values, jet):
    return np.bincount(jet, pt * values) / np.bincount(jet, pt)


def rotated_about_x(p, angle):
    """Turn jets, which fly along x, about their own direction."""
    turned = p.copy()
    turned[:, 2] = np.cos(angle) * p[:, 2] - np.sin(angle) * p[:, 3]
    turned[:, 3] = np.sin(angle) * p[:, 2] + np.cos(angle) * p[:, 3]
    return turned


def test_images_sum_to_one_and_agree_with_a_histogram_of_each_jet(sample):
    images = jet_images(sample["p"], sample["offsets"], pixels=20, half_width=0.6, resolution=0)
    assert images.shape == (300, 20, 20)
    assert images.dtype == np.float32
    np.testing.assert_allclose(images.sum((1, 2)), 1, rtol=1e-5)
    pt, eta, phi, jet = pose(sample["p"], sample["offsets"])
    edges = np.linspace(-0.6, 0.6, 21)
    for number in range(20):
        own = jet == number
        expected = np.histogram2d(phi[own], eta[own], [edges, edges], weights=pt[own])[0]
        np.testing.assert_allclose(images[number], expected / expected.sum(), atol=1e-6)


def test_pose_is_centred_upright_and_flipped(sample):
    pt, eta, phi, jet = pose(sample["p"], sample["offsets"])
    np.testing.assert_allclose(means(pt, eta, jet), 0, atol=1e-9)
    np.testing.assert_allclose(means(pt, phi, jet), 0, atol=1e-9)
    np.testing.assert_allclose(means(pt, eta * phi, jet), 0, atol=1e-9)
    assert (means(pt, phi**2, jet) >= means(pt, eta**2, jet) - 1e-12).all()
    assert (means(pt, np.sign(eta), jet) >= -1e-12).all()
    assert (means(pt, np.sign(phi), jet) >= -1e-12).all()


def test_pose_keeps_distances(sample):
    _, eta, phi, _ = pose(sample["p"], sample["offsets"])
    two = sample["offsets"][:-1][np.diff(sample["offsets"]) > 1]
    before = np.hypot(
        np.diff(lorentz.pseudorapidity(sample["p"]))[two], lorentz.wrap(np.diff(lorentz.azimuth(sample["p"])))[two]
    )
    np.testing.assert_allclose(np.hypot(np.diff(eta)[two], np.diff(phi)[two]), before, atol=1e-9)


def test_images_of_a_jet_moved_and_mirrored_are_the_same(sample):
    p, offsets = sample["p"], sample["offsets"]
    expected = jet_images(p, offsets, resolution=0)
    eta, phi = lorentz.pseudorapidity(p), lorentz.azimuth(p)
    moved = lorentz.from_cylindrical(lorentz.transverse_momentum(p), eta + 0.5, phi + 3.0, np.zeros(len(p)))
    mirrored = lorentz.from_cylindrical(lorentz.transverse_momentum(p), -eta, phi, np.zeros(len(p)))
    for other in (moved, mirrored):
        same = np.abs(jet_images(other, offsets, resolution=0) - expected).max((1, 2)) < 1e-5
        assert same.mean() > 0.95  # but for constituents on the edge between two pixels
    stretched = lorentz.from_cylindrical(lorentz.transverse_momentum(p), 2 * eta, phi, np.zeros(len(p)))
    assert (np.abs(jet_images(stretched, offsets, resolution=0) - expected).max((1, 2)) < 1e-5).mean() < 0.5


def test_rotation_about_the_axis_is_undone_for_narrow_jets():
    """Where η and φ are orthogonal coordinates on a plane; without the rotation the covariance would not vanish."""
    rng = np.random.default_rng(12)
    count, points = 50, 12
    eta, phi = 1e-3 * rng.normal(size=(2, count * points)) * [[1.0], [0.3]]
    p = lorentz.from_cylindrical(rng.uniform(1, 50, count * points), eta, phi, np.zeros(count * points))
    offsets = np.arange(0, count * points + 1, points)
    _, first_eta, first_phi, _ = pose(p, offsets)
    _, other_eta, other_phi, _ = pose(rotated_about_x(p, 0.9), offsets)
    np.testing.assert_allclose(other_eta, first_eta, atol=2e-7)
    np.testing.assert_allclose(other_phi, first_phi, atol=2e-7)
    turned = rotated_about_x(p, 0.9)
    assert np.abs(lorentz.pseudorapidity(turned) - lorentz.pseudorapidity(p)).max() > 1e-4


def test_average_top_has_prongs_beside_the_axis_where_qcd_has_none(sample):
    images = jet_images(sample["p"], sample["offsets"], resolution=0)
    qcd, top = (images[sample["label"] == label].mean(0) for label in (0, 1))
    centre = (slice(18, 22), slice(18, 22))
    assert qcd[centre].sum() > 1.5 * top[centre].sum()
    # The principal axis is upright: prongs lie above and below the centre, not beside it.
    above, beside = top[24:34, 15:25].sum(), top[15:25, 24:34].sum()
    assert above > 1.5 * beside
    assert above > 1.5 * qcd[24:34, 15:25].sum()


def test_resolution_spreads_a_constituent_by_its_width():
    p = lorentz.from_cylindrical(*np.array([[600.0], [0.0], [0.0], [0.0]]))
    image = jet_images(p, np.array([0, 1]), resolution=0.08)[0]
    assert image.sum() == pytest.approx(1, abs=1e-5)
    centres = (np.arange(40) + 0.5) * 0.04 - 0.8
    for profile in (image.sum(0), image.sum(1)):
        mean = (profile * centres).sum()
        assert mean == pytest.approx(0.02, abs=1e-4)  # the middle is an edge between pixels
        assert np.sqrt((profile * (centres - mean) ** 2).sum()) == pytest.approx(0.08, rel=0.01)
    assert (jet_images(p, np.array([0, 1]), resolution=0)[0] > 0).sum() == 1


def test_jets_outside_the_square_are_refused():
    p = lorentz.from_cylindrical(np.array([50.0, 50.0]), np.array([0.3, -0.3]), np.zeros(2), np.zeros(2))
    with pytest.raises(ValueError, match=r"expected light in every image, got none in 1: raise half_width"):
        jet_images(p, np.array([0, 2]), half_width=0.05, resolution=0)
