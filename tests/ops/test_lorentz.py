import numpy as np
import pytest
import torch

from physml.ops import lorentz


@pytest.fixture(params=["numpy", "torch"])
def draw(request):
    """Give a function that draws four-vectors of mass 0.5 … 3 GeV in the library under test."""
    rng = np.random.default_rng(0)

    def draw(count):
        momentum = rng.normal(0, 5, (count, 3))
        energy = np.sqrt((momentum**2).sum(1) + rng.uniform(0.5, 3, count) ** 2)
        p = np.concatenate([energy[:, None], momentum], axis=1)
        return torch.from_numpy(p) if request.param == "torch" else p

    return draw


def boost_matrix(frame):
    """Slow, obvious reference: Jackson's symmetric 4×4 matrix of a single boost."""
    energy, momentum = frame[0], frame[1:]
    m = np.sqrt(energy**2 - momentum @ momentum)
    matrix = np.empty((4, 4))
    matrix[0, 0], matrix[0, 1:], matrix[1:, 0] = energy / m, momentum / m, momentum / m
    matrix[1:, 1:] = np.eye(3) + np.outer(momentum, momentum) / (m * (m + energy))
    return matrix


def close(actual, expected, tolerance=1e-11):
    np.testing.assert_allclose(np.asarray(actual), np.asarray(expected), rtol=tolerance, atol=tolerance)


def test_boost_agrees_with_the_matrix(draw):
    p, frame = draw(20), draw(20)
    expected = [boost_matrix(f) @ q for q, f in zip(np.asarray(p), np.asarray(frame), strict=True)]
    close(lorentz.boost(p, frame), expected)


def test_boost_keeps_products_and_linear_relations(draw):
    p, q, frame = draw(50), draw(50), draw(50)
    boosted = [lorentz.boost(v, frame) for v in (p, q, p + q)]
    close(lorentz.dot(boosted[0], boosted[1]), lorentz.dot(p, q), 1e-9)
    close(boosted[0] + boosted[1], boosted[2])


def test_a_galilean_boost_would_not_keep_products(draw):
    p, frame = draw(50), draw(50)
    galilean = p + p[:, :1] * frame / frame[:, :1]
    assert not np.allclose(np.asarray(lorentz.dot(galilean, galilean)), np.asarray(lorentz.dot(p, p)), rtol=0.1)


def test_boost_inverts_and_leads_to_the_rest_frame(draw):
    p, frame = draw(50), draw(50)
    close(lorentz.boost(lorentz.boost(p, frame), lorentz.reverse(frame)), p, 1e-9)
    rest = lorentz.boost(frame, lorentz.reverse(frame))
    close(rest[:, 0], lorentz.mass(frame), 1e-9)
    close(rest[:, 1:], np.zeros((50, 3)), 1e-9)


def test_boost_broadcasts_one_frame_over_many(draw):
    p, frame = draw(6), draw(2)
    grouped = lorentz.boost(p.reshape(2, 3, 4), frame[:, None])
    close(grouped[1, 2], lorentz.boost(p[5], frame[1]))


def test_cylindrical_coordinates_there_and_back(draw):
    p = draw(100)
    there = (lorentz.transverse_momentum(p), lorentz.pseudorapidity(p), lorentz.azimuth(p), lorentz.mass(p))
    close(lorentz.from_cylindrical(*there), p, 1e-9)
    assert type(lorentz.from_cylindrical(*there)) is type(p)


def test_rapidity_is_shifted_by_a_boost_along_the_beam_and_pseudorapidity_is_not(draw):
    p = draw(100)
    frame = p[:1] * 0
    frame[0, 0], frame[0, 3] = np.cosh(0.7), np.sinh(0.7)
    boosted = lorentz.boost(p, frame)
    close(lorentz.rapidity(boosted) - lorentz.rapidity(p), np.full(100, 0.7), 1e-9)
    shift = np.asarray(lorentz.pseudorapidity(boosted) - lorentz.pseudorapidity(p))
    assert np.abs(shift - 0.7).max() > 0.01


def test_rapidity_is_pseudorapidity_for_the_massless(draw):
    p = draw(100)
    p[:, 0] = (p[:, 1:] ** 2).sum(-1) ** 0.5
    close(lorentz.rapidity(p), lorentz.pseudorapidity(p), 1e-9)
    assert np.asarray(lorentz.mass(p)).max() < 1e-6


def test_angles_wrap():
    close(lorentz.wrap(np.array([0.0, 3.5, -3.5, 2 * np.pi, -np.pi])), [0, 3.5 - 2 * np.pi, 2 * np.pi - 3.5, 0, -np.pi])


def test_gradients_flow_through_torch():
    p = torch.tensor([5.0, 1.0, 2.0, 3.0], dtype=torch.float64, requires_grad=True)
    lorentz.mass(p).backward()
    close(p.grad, np.array([5, -1, -2, -3]) / np.sqrt(25 - 14))
