import torch

from physml.ops.sparse_law import read_law


def points(count=200):
    return torch.randn(count, 3, dtype=torch.float64)


def burgers(z):
    return -z[:, 0] * z[:, 1] + 0.1 * z[:, 2]


def test_a_law_of_the_library_is_found_and_says_the_same_elsewhere(seed):
    z = points()
    law = read_law(z, burgers(z), ["u", "u_x", "u_xx"], degree=2, threshold=0.05)
    assert {term: round(value, 12) for term, value in law.terms.items()} == {"u_xx": 0.1, "u u_x": -1.0}
    assert str(law) == "0.1 u_xx − 1 u u_x"
    elsewhere = 3 * points(20)
    torch.testing.assert_close(law(elsewhere), burgers(elsewhere))


def test_what_is_below_the_threshold_is_dropped(seed):
    z = points()
    law = read_law(z, burgers(z), ["u", "u_x", "u_xx"], degree=2, threshold=0.2)
    assert law.terms.keys() == {"u u_x"}
    assert str(read_law(z, 0 * z[:, 0], ["u", "u_x", "u_xx"], degree=1, threshold=0.2)) == "0"
