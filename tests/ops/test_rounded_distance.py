import pytest
import torch

from physml.ops.derivatives import derivatives
from physml.ops.rounded_distance import rounded_distance


def test_it_is_a_mean_distance(seed):
    spread = 0.3 / 2**0.5 * torch.randn(400_000, dtype=torch.float64)
    for s in (-0.5, 0.0, 0.2):
        found = rounded_distance(torch.tensor(s, dtype=torch.float64), 0.3)
        assert found.item() == pytest.approx((s + spread).abs().mean().item(), abs=2e-3)


def test_it_diffuses(seed):
    tx = torch.rand(30, 2, dtype=torch.float64) + torch.tensor([0.1, -0.5])

    def spreading(tx):
        return rounded_distance(tx[:, 1:], (4 * 0.7 * tx[:, :1]).sqrt())

    found = derivatives(spreading, tx, ["u_t", "u_xx"], "tx")
    torch.testing.assert_close(found["u_t"], 0.7 * found["u_xx"])
