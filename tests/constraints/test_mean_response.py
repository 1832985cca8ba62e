import pytest
import torch

from physml.constraints.mean_response import MeanResponse
from physml.metrics.showers import responses

OFFSETS = torch.tensor([0, 2, 4])
ENERGY = torch.tensor([3.0, 1.0, 2.0, 2.0], dtype=torch.float64)
TARGET = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [1.0, 0.0]], dtype=torch.float64)


def test_the_truth_costs_nothing():
    assert MeanResponse()(TARGET, TARGET, ENERGY, OFFSETS) == 0


def test_it_is_the_squared_error_of_the_mean_responses():
    prediction = torch.rand(4, 2, dtype=torch.float64)
    expected = (responses(prediction, TARGET, ENERGY, OFFSETS).mean(0) - 1).square().mean()
    torch.testing.assert_close(MeanResponse()(prediction, TARGET, ENERGY, OFFSETS), expected)


def test_errors_that_cancel_between_events_are_free_and_those_between_showers_are_not():
    prediction = TARGET.clone()
    prediction[0, 0] -= 0.1  # of shower 0 in event 0, whose sensors gave it 3: R = 0.9
    prediction[3, 0] += 0.15  # in event 1, whose sensors gave it 3: R = 1.1
    assert MeanResponse()(prediction, TARGET, ENERGY, OFFSETS) < 1e-20
    prediction[3, 0] -= 0.15
    prediction[1, 1] += 0.1  # of shower 1
    assert MeanResponse()(prediction, TARGET, ENERGY, OFFSETS) > 1e-3


def test_a_shower_that_left_nothing_does_not_count():
    target = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.5, 0.5], [0.5, 0.5]], dtype=torch.float64)
    prediction = torch.full_like(target, 0.75, requires_grad=True)
    omega = MeanResponse()(prediction, target, ENERGY, OFFSETS)
    # Shower 0: R = 0.75 and 1.5, shower 1: 1.5, of one event.
    assert omega.item() == pytest.approx((0.125**2 + 0.5**2) / 2)
    omega.backward()
    assert prediction.grad.isfinite().all()


def test_a_batch_without_any_energy_costs_nothing():
    nothing = torch.zeros(2, 2, dtype=torch.float64)
    assert MeanResponse()(torch.full_like(nothing, 0.5), nothing, ENERGY[:2], OFFSETS[:2]) == 0


def test_other_widths_are_refused():
    with pytest.raises(ValueError, match=r"expected fractions of shape \(4, 2\), got \(4, 3\)"):
        MeanResponse()(torch.zeros(4, 3), TARGET, ENERGY, OFFSETS)
