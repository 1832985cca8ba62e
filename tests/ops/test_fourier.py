import math

import pytest
import torch

from physml.ops.fourier import PeriodicInterval

INTERVALS = [PeriodicInterval(-1.0, 2.0, 32), PeriodicInterval(-1.0, 2.0, 33)]


def wave(x, number, real):
    phase = 2 * math.pi * number * (x + 1) / 3
    return torch.sin(phase + 0.4) if real else torch.exp(1j * phase)


@pytest.mark.parametrize("interval", INTERVALS, ids=["even", "odd"])
@pytest.mark.parametrize("real", [True, False], ids=["real", "complex"])
@pytest.mark.parametrize("number", [0, 1, 5, 15])
def test_derivatives_of_resolved_waves_are_exact(interval, real, number):
    k = 2 * math.pi * number / 3
    u = wave(interval.x, number, real)
    quarter = wave(interval.x + (3 / (4 * number) if number else 0), number, real)  # the wave a quarter further
    expected = [u, k * quarter, -(k**2) * u, -(k**3) * quarter, k**4 * u]
    for order, derivative in enumerate(expected):
        torch.testing.assert_close(interval.derivative(u, order), derivative, rtol=0, atol=1e-13 * max(k, 15) ** order)


@pytest.mark.parametrize("interval", INTERVALS, ids=["even", "odd"])
@pytest.mark.parametrize("real", [True, False], ids=["real", "complex"])
def test_values_invert_the_transform(interval, real, seed):
    u = torch.randn(3, interval.points, dtype=torch.float64 if real else torch.complex128)
    torch.testing.assert_close(interval.values(interval.transform(u)), u)


def test_the_shortest_wave_of_an_even_number_of_points_has_no_slope_but_a_curvature():
    interval = PeriodicInterval(0.0, 8.0, 8)
    u = torch.cos(math.pi * interval.x)
    assert interval.derivative(u).abs().max() < 1e-14
    assert interval.derivative(u.to(torch.complex128)).abs().max() < 1e-14
    torch.testing.assert_close(interval.derivative(u, 2), -(math.pi**2) * u)


def test_points_start_at_the_lower_end_and_leave_out_the_upper():
    assert PeriodicInterval(-1.0, 1.0, 4).x.tolist() == [-1, -0.5, 0, 0.5]


@pytest.mark.parametrize("bounds", [(1.0, 1.0, 8), (2.0, 1.0, 8), (0.0, 1.0, 1)])
def test_an_empty_interval_is_refused(bounds):
    with pytest.raises(ValueError, match="expected lower < upper and at least 3 points"):
        PeriodicInterval(*bounds)
