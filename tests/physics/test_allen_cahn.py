import math

import pytest
import torch

from physml.ops.derivatives import derivatives
from physml.ops.fourier import PeriodicInterval
from physml.physics.allen_cahn import AllenCahn, separation_conditions, separation_importance


def found(t, x, names):
    tx = torch.stack([torch.full_like(x, t), x], dim=1)
    return derivatives(lambda tx: separation_conditions(tx)[0], tx, names, "tx")


def test_the_conditions_start_as_the_paper_does():
    x = torch.linspace(-1, 1, 41, dtype=torch.float64)
    a, g = separation_conditions(torch.stack([0 * x, x], dim=1))
    torch.testing.assert_close(a[:, 0], x**2 * torch.cos(math.pi * x), rtol=0, atol=1e-7)
    assert not g.any()


def test_the_kink_of_the_start_is_gone_at_once():
    walls = torch.tensor([-1.0, 1.0], dtype=torch.float64)
    for t in (0.003, 0.5):
        assert found(t, walls, ["u_x"])["u_x"].abs().max() < 1e-12
    assert found(1e-9, 0.999 * walls, ["u_x"])["u_x"].abs().min() > 1.9


def test_close_to_the_wall_it_is_what_the_equation_makes_of_it():
    # At t = 1e-3 the kink has a width of 6e-4; u_xx there is 3e3, and a is right as far as u is close to −1.
    s = torch.linspace(0, 1e-3, 11, dtype=torch.float64)
    at = found(1e-3, 1 - s, ["u", "u_t", "u_xx"])
    linear = at["u_t"] - 1e-4 * at["u_xx"] + 10 * (at["u"] + 1)
    assert linear.abs().max() < 0.01 * at["u_t"].abs().max()


def test_a_small_error_grows_as_its_importance_says():
    circle, law = PeriodicInterval(-1.0, 1.0, 8), AllenCahn()
    kick = torch.full((8,), 1e-9, dtype=torch.float64)
    kicks = {t: law.solve(circle, kick, 1 - t, frames=1, substeps=50)[0, -1].item() for t in (0.2, 0.7)}
    times = torch.tensor([[0.2, 0.0], [0.7, 0.0]], dtype=torch.float64)
    early, late = separation_importance(times).tolist()
    assert kicks[0.2] / kicks[0.7] == pytest.approx(early / late, rel=1e-6)
