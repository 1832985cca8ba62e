import pytest
import torch

from physml.ops.sparse_law import read_law

SLOPES = ["u", "u_x", "u_xx"]


def points(count=200):
    return torch.randn(count, 3, dtype=torch.float64)


def burgers(z):
    return -z[:, :1] * z[:, 1:2] + 0.1 * z[:, 2:]


def test_a_law_of_the_library_is_found_and_says_the_same_elsewhere(seed):
    z = points()
    law = read_law(z, burgers(z), SLOPES, ["u_t"], degree=2, threshold=0.05)
    assert {term: round(value, 12) for term, value in law.terms.items()} == {"u_t: u_xx": 0.1, "u_t: u u_x": -1.0}
    assert str(law) == "u_t = 0.1 u_xx − 1 u u_x"
    elsewhere = 3 * points(20)
    torch.testing.assert_close(law(elsewhere), burgers(elsewhere))


def test_each_rate_has_terms_of_its_own(seed):
    z = points()
    rates = torch.cat([burgers(z), 2 * z[:, 1:2]], dim=1)
    law = read_law(z, rates, SLOPES, ["u_t", "v_t"], degree=2, threshold=0.05)
    assert str(law) == "u_t = 0.1 u_xx − 1 u u_x, v_t = 2 u_x"
    assert list(law.terms) == ["u_t: u_xx", "u_t: u u_x", "v_t: u_x"]
    torch.testing.assert_close(law(z), rates)


def test_what_is_below_the_threshold_is_dropped_whatever_its_units(seed):
    z = points(2000)
    law = read_law(z, burgers(z), SLOPES, ["u_t"], degree=2, threshold=0.2)
    assert law.terms.keys() == {"u_t: u u_x"}  # the share of u_xx is 0.1
    units = torch.tensor([1.0, 1.0, 1e4], dtype=torch.float64)
    law = read_law(z * units, 1e-3 * burgers(z), SLOPES, ["u_t"], degree=2, threshold=0.05)
    assert law.terms == pytest.approx({"u_t: u_xx": 1e-8, "u_t: u u_x": -1e-3})
    assert str(read_law(z, 0 * z[:, :1], SLOPES, ["u_t"], degree=1, threshold=0.2)) == "u_t = 0"
