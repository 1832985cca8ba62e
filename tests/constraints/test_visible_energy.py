import pytest
import torch

from physml.constraints.visible_energy import VisibleEnergy
from physml.metrics.showers import response

OFFSETS = torch.tensor([0, 2, 4])
ENERGY = torch.tensor([3.0, 1.0, 2.0, 2.0], dtype=torch.float64)
TARGET = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [1.0, 0.0]], dtype=torch.float64)


def test_the_truth_costs_nothing():
    assert VisibleEnergy()(TARGET, TARGET, ENERGY, OFFSETS) == 0


def test_it_is_the_squared_error_of_the_responses():
    prediction = torch.rand(4, 2, dtype=torch.float64)
    responses = torch.stack([response(prediction, TARGET, ENERGY, OFFSETS, k) for k in (0, 1)])
    expected = (responses - 1).square().mean()
    torch.testing.assert_close(VisibleEnergy()(prediction, TARGET, ENERGY, OFFSETS), expected)


def test_errors_that_cancel_within_a_shower_are_free():
    prediction = TARGET.clone()
    prediction[0, 0] -= 0.1
    prediction[1, 0] += 0.3  # 3 GeV × 0.1 = 1 GeV × 0.3
    assert VisibleEnergy()(prediction, TARGET, ENERGY, OFFSETS) < 1e-20


def test_the_unit_of_the_energy_does_not_matter():
    prediction = torch.rand(4, 2, dtype=torch.float64)
    in_gev, in_mev = (VisibleEnergy()(prediction, TARGET, unit * ENERGY, OFFSETS) for unit in (1, 1000))
    torch.testing.assert_close(in_gev, in_mev)


def test_a_shower_that_left_nothing_does_not_count():
    target = torch.tensor([[1.0, 0.0], [1.0, 0.0]], dtype=torch.float64)
    half = torch.full_like(target, 0.5, requires_grad=True)
    omega = VisibleEnergy()(half, target, ENERGY[:2], OFFSETS[:2])
    assert omega.item() == pytest.approx(0.25)
    omega.backward()
    assert half.grad.isfinite().all()


def test_other_widths_are_refused():
    with pytest.raises(ValueError, match=r"expected fractions of shape \(4, 2\), got \(4, 3\)"):
        VisibleEnergy()(torch.zeros(4, 3), TARGET, ENERGY, OFFSETS)
