import torch

from physml.ops.derivatives import derivatives
from physml.physics.nonlinear_schrodinger import soliton_conditions


def test_the_conditions_start_as_the_paper_does_but_for_the_kink():
    x = torch.linspace(-5, 5, 513, dtype=torch.float64)[1:]
    a, g = soliton_conditions(torch.stack([0 * x, x], dim=1))
    start = 2 / torch.cosh(x)
    assert (a[:, 0] - start).norm() < 4e-4 * start.norm()
    torch.testing.assert_close(a[100:400, 0], start[100:400], rtol=0, atol=1e-12)
    assert not a[:, 1].any()
    assert not g.any()


def test_there_is_no_kink():
    walls = torch.tensor([[0.0, -5.0], [0.0, 5.0]], dtype=torch.float64)
    slope = derivatives(lambda tx: soliton_conditions(tx)[0], walls, ["p_x"], "tx", "pq")["p_x"]
    assert slope.abs().max() < 1e-12
