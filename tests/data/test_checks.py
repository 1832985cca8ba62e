import pytest
import torch

from physml.data.arrays import Arrays
from physml.data.checks import checked

GOOD = torch.zeros(6, 3)


def test_good_arrays_come_back_as_they_are():
    arrays = Arrays(events={"x": GOOD, "y": torch.zeros(6, dtype=torch.int64)})
    assert checked(arrays, [3], "here") is arrays


def test_no_x():
    with pytest.raises(ValueError, match="here: expected an array 'x', got only y"):
        checked(Arrays(events={"y": GOOD}), [3], "here")


@pytest.mark.parametrize("shape", [[4], [3, 1], []])
def test_another_shape(shape):
    with pytest.raises(ValueError, match=r"here: x has shape \[3\] per event, expected .*: use data of this shape"):
        checked(Arrays(events={"x": GOOD}), shape, "here")


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_a_number_that_is_none(value):
    y = torch.zeros(6)
    y[[1, 4]] = value
    with pytest.raises(ValueError, match="array 'y' holds NaN or infinity in 2 of 6 rows"):
        checked(Arrays(events={"x": GOOD, "y": y}), [3], "here")


def test_a_nan_in_a_point():
    points = torch.zeros(5, 2)
    points[3, 1] = torch.nan
    with pytest.raises(ValueError, match="array 'x' holds NaN or infinity in 1 of 5 rows"):
        checked(Arrays(points={"x": points}, offsets=torch.tensor([0, 2, 5])), [2], "here")
