import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from physml.data.arrays import Arrays


def ragged(counts):
    offsets = torch.tensor([0, *counts]).cumsum(0)
    points = int(offsets[-1])
    return Arrays(events={"y": torch.arange(len(counts))}, points={"x": torch.arange(points)[:, None]}, offsets=offsets)


def slow(arrays, index):
    """One event after the other, as a collating loader would."""
    starts = arrays.offsets.tolist()
    rows = [list(range(starts[i], starts[i + 1])) for i in index]
    offsets = [0]
    for row in rows:
        offsets.append(offsets[-1] + len(row))
    flat = [point for row in rows for point in row]
    return {
        "y": arrays.events["y"][index],
        "x": arrays.points["x"][torch.tensor(flat, dtype=torch.int64)],
        "offsets": torch.tensor(offsets),
    }


def test_a_batch_of_equal_events():
    arrays = Arrays(events={"x": torch.arange(12.0).reshape(4, 3), "y": torch.arange(4)})
    batch = arrays[torch.tensor([2, 0])]
    assert torch.equal(batch["x"], torch.tensor([[6.0, 7.0, 8.0], [0.0, 1.0, 2.0]]))
    assert batch["y"].tolist() == [2, 0]
    assert len(arrays) == 4


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_a_batch_of_ragged_events_equals_the_slow_one(data):
    counts = data.draw(st.lists(st.integers(0, 4), min_size=1, max_size=6))
    index = data.draw(st.lists(st.integers(0, len(counts) - 1), min_size=1, max_size=8))
    arrays = ragged(counts)
    batch, expected = arrays[torch.tensor(index)], slow(arrays, index)
    assert batch.keys() == expected.keys()
    for name, array in expected.items():
        assert torch.equal(batch[name], array), name


def test_a_slice_is_an_index_too():
    assert ragged([1, 2, 3])[slice(1, 3)]["offsets"].tolist() == [0, 2, 5]


@pytest.mark.parametrize(("start", "stop"), [(0, 4), (1, 3), (2, 2), (3, 4)])
def test_a_part_shares_its_memory(start, stop):
    arrays = ragged([1, 0, 3, 2])
    part = arrays.part(start, stop).batch()
    expected = arrays[slice(start, stop)]
    assert part.keys() == expected.keys()
    for name, array in expected.items():
        assert torch.equal(part[name], array), name
    assert part["x"].untyped_storage().data_ptr() == arrays.points["x"].untyped_storage().data_ptr()
    equal = Arrays({"x": torch.arange(4)}).part(start, stop)
    assert equal.batch()["x"].tolist() == list(range(start, stop))


def test_points_without_events_arrays():
    arrays = Arrays(points={"x": torch.zeros(5, 2)}, offsets=torch.tensor([0, 2, 5]))
    assert len(arrays) == 2
    assert arrays[torch.tensor([1])]["x"].shape == (3, 2)


def test_arrays_that_disagree_are_refused():
    with pytest.raises(ValueError, match="array 'y' has 3 events, expected 4"):
        Arrays(events={"x": torch.zeros(4), "y": torch.zeros(3)})
    with pytest.raises(ValueError, match="need the offsets"):
        Arrays(points={"x": torch.zeros(4)})
    with pytest.raises(ValueError, match=r"array 'x' has 4 points, expected 5 \(offsets\[-1\]\)"):
        Arrays(points={"x": torch.zeros(4)}, offsets=torch.tensor([0, 5]))


@pytest.mark.parametrize(
    "offsets", [torch.tensor([1, 4]), torch.tensor([0, 5, 4]), torch.tensor([0.0, 4.0]), torch.tensor([[0, 4]])]
)
def test_offsets_that_mark_no_events_are_refused(offsets):
    with pytest.raises(ValueError, match="offsets"):
        Arrays(points={"x": torch.zeros(4)}, offsets=offsets)
