import math

import pytest
import torch
from torch.testing import assert_close

from physml.ops.periodic_square import PeriodicSquare


def wave(square):
    x, y = square.x[:, None], square.x
    return torch.sin(3 * x) * torch.cos(2 * y) + 0.5 * torch.cos(x)


@pytest.mark.parametrize("points", [9, 12])
def test_derivatives_of_waves_are_exact(points):
    square = PeriodicSquare(2 * math.pi, points)
    x, y, spectrum = square.x[:, None], square.x, square.transform(wave(square))
    assert_close(square.values(spectrum), wave(square))
    by_x = 3 * torch.cos(3 * x) * torch.cos(2 * y) - 0.5 * torch.sin(x)
    assert_close(square.values(square.symbol(1, 0) * spectrum), by_x)
    assert_close(square.values(square.symbol(2, 1) * spectrum), 18 * torch.sin(3 * x) * torch.sin(2 * y))


def test_lengths_scale_derivatives():
    square = PeriodicSquare(2.0, 16)
    w = torch.sin(math.pi * square.x)[:, None].expand(16, 16)
    by_xx = square.values(square.symbol(2, 0) * square.transform(w))
    assert_close(by_xx, -(math.pi**2) * w)


def test_the_shortest_wave_has_no_slope():
    square = PeriodicSquare(2 * math.pi, 8)
    w = torch.cos(4 * square.x)[:, None] * torch.cos(square.x + 0.3)
    for symbol, values in ((square.symbol(1, 0), w), (square.symbol(0, 1), w.T)):
        assert square.values(symbol * square.transform(values)).abs().max() < 1e-14


@pytest.mark.parametrize("points", [16, 18])
def test_a_product_of_resolved_waves_aliases_onto_none_of_them(points):
    square, fine = PeriodicSquare(2 * math.pi, points), PeriodicSquare(2 * math.pi, 4 * points)
    number = (points - 1) // 3  # the shortest wave that is kept
    kept = square.resolved.unflatten(0, (points, -1))
    assert kept[number, number]
    assert not kept[number + 1, 0]
    assert not kept[0, number + 1]
    assert kept[-number, 0]
    assert not kept[-number - 1, 0]

    def product(grid):
        x, y = grid.x[:, None], grid.x
        a = torch.cos(number * x + 0.3) * torch.cos(number * y + 0.1)
        spectrum = grid.transform(a * torch.sin((number - 1) * x) * torch.cos(number * y + 0.9))
        return spectrum.unflatten(0, (grid.points, -1)) / grid.points**2

    rows = [*range(number + 1), *range(-number, 0)]
    assert_close(product(square)[rows, : number + 1], product(fine)[rows, : number + 1])


def test_an_empty_square_is_refused():
    with pytest.raises(ValueError, match="expected a length > 0 and at least 2 points, got 0 and 8: choose others"):
        PeriodicSquare(0.0, 8)
