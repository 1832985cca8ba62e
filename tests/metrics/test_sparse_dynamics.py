import pytest

from physml.metrics.sparse_dynamics import SparseLawError, relative_error, true_coefficients, worst_error, wrong_terms
from physml.networks.sparse_dynamics import SparseDynamics
from physml.physics.lorenz import Lorenz


@pytest.fixture
def network():
    network = SparseDynamics(["x", "y", "z"], degree=2)
    network.coefficients.data.copy_(true_coefficients(Lorenz(), network))
    return network


def test_the_truth_has_no_error(network):
    for measure in (relative_error, worst_error, wrong_terms):
        metric = SparseLawError(Lorenz(), measure)
        metric.update({"network": network})
        assert metric.compute() == 0
        assert metric.uncertainty() == 0


def test_errors_are_relative(network):
    truth = true_coefficients(Lorenz(), network)
    network.coefficients.data[network.terms.index("x z"), 1] = -1.1
    found = network.coefficients.detach()
    assert worst_error(found, truth).item() == pytest.approx(0.1)
    assert relative_error(found, truth).item() == pytest.approx(0.1 / truth.norm().item())
    assert wrong_terms(found, truth) == 0


def test_missing_and_superfluous_terms_count(network):
    network.coefficients.data[network.terms.index("x z"), 1] = 0
    network.coefficients.data[network.terms.index("1")] = 0.1
    metric = SparseLawError(Lorenz(), wrong_terms)
    metric.update({"network": network})
    assert metric.compute() == 4


def test_too_small_a_library_is_refused():
    with pytest.raises(ValueError, match=r"expected a library with the powers \(1, 1, 0\) of x, y, z: raise"):
        true_coefficients(Lorenz(), SparseDynamics(["x", "y", "z"], degree=1))
