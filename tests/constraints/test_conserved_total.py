import pytest
import torch

from physml.constraints.conserved_total import ConservedTotal
from physml.ops.fourier import PeriodicInterval
from physml.physics.burgers import Burgers


def test_a_density_that_is_moved_about_costs_nothing():
    x = torch.rand(3, 1, 4, 4, dtype=torch.float64)
    assert ConservedTotal()(x.roll(1, dims=-1).flip(-2), x) < 1e-30


def test_a_conservation_law_keeps_it_and_decay_does_not():
    interval = PeriodicInterval(-8.0, 8.0, 64)
    start = 1 + torch.exp(-(interval.x**2))
    later = Burgers(0.1).solve(interval, start, dt=1.0, frames=1, substeps=50)[:, -1]
    assert ConservedTotal()(later[None], start[None]) < 1e-20
    assert ConservedTotal()(0.9 * later[None], start[None]) == pytest.approx(0.01)


def test_every_event_counts_by_itself():
    x = torch.ones(2, 4, dtype=torch.float64)
    prediction = x * torch.tensor([[1.5], [0.5]])  # the totals of the two together do not change
    assert ConservedTotal()(prediction, x) == pytest.approx(0.25)


def test_a_neutral_event_is_measured_by_the_floor():
    x = torch.tensor([[1.0, -1.0]], dtype=torch.float64, requires_grad=True)
    omega = ConservedTotal(floor=2.0)(x + 0.5, x)
    assert omega.item() == pytest.approx(0.25)
    omega.backward()
    assert x.grad.isfinite().all()


def test_errors_say_what_to_do():
    with pytest.raises(ValueError, match=r"shape of x, \(2, 4\), got \(2, 3\)"):
        ConservedTotal()(torch.zeros(2, 3), torch.zeros(2, 4))
    with pytest.raises(ValueError, match="floor > 0, got 0"):
        ConservedTotal(floor=0)
