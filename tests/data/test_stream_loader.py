import contextlib
import itertools
import weakref

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import distributed

from physml.data.arrays import Arrays
from physml.data.event_files import Block
from physml.data.stream_loader import StreamLoader


def blocks(sizes):
    return [Block(number, 10, 10 + size) for number, size in enumerate(sizes)]


def read(block):
    """Ragged events; the one of number n in file f is 1000 f + n and has n modulo 3 points."""
    event = 1000 * block.file + torch.arange(block.start, block.stop)
    counts = event % 3
    offsets = torch.cat([torch.zeros(1, dtype=torch.int64), counts.cumsum(0)])
    return Arrays({"x": event}, {"owner": event.repeat_interleave(counts)}, offsets)


def every(sizes):
    return [int(event) for block in blocks(sizes) for event in read(block).events["x"]]


def epoch(loader):
    return [batch["x"].tolist() for batch in loader]


def flat(batches):
    return list(itertools.chain.from_iterable(batches))


SIZES = st.lists(st.integers(1, 9), min_size=1, max_size=12)


@settings(deadline=None, max_examples=50)
@given(SIZES, st.integers(1, 12), st.integers(1, 5), st.integers(0, 3), st.booleans())
def test_every_event_comes_once_per_epoch(sizes, batch_size, buffer, workers, shuffle):
    loader = StreamLoader(blocks(sizes), read, batch_size, shuffle, buffer=buffer, workers=workers)
    for _ in range(2):
        batches = epoch(loader)
        assert len(batches) == len(loader)
        assert all(len(batch) == batch_size for batch in batches[:-1])
        assert sorted(flat(batches)) == every(sizes)
    if not shuffle:
        assert flat(batches) == every(sizes)


@settings(deadline=None, max_examples=50)
@given(SIZES, st.integers(1, 5), st.booleans(), st.integers(1, 3), st.integers(0, 2), st.data())
def test_resuming_gives_what_would_have_come(sizes, batch_size, drop_last, buffer, workers, data):
    assume(sum(sizes) >= batch_size or not drop_last)

    def fresh(workers):
        return StreamLoader(blocks(sizes), read, batch_size, True, drop_last, buffer=buffer, workers=workers, seed=3)

    def endless():
        loader = fresh(workers)
        while True:
            for batch in loader:
                yield batch["x"].tolist(), loader

    length = sum(sizes) // batch_size if drop_last else -(-sum(sizes) // batch_size)
    straight = [batch for batch, _ in itertools.islice(endless(), 2 * length + 1)]
    taken = data.draw(st.integers(1, 2 * length))
    *_, (_, interrupted) = itertools.islice(endless(), taken)
    resumed = fresh(workers=0)
    resumed.load_state_dict(interrupted.state_dict())
    rest = itertools.islice(itertools.chain(epoch(resumed), epoch(resumed), epoch(resumed)), 2 * length + 1 - taken)
    assert list(rest) == straight[taken:]


def test_resuming_reads_nothing_that_was_given():
    asked = []
    loader = StreamLoader(blocks([5] * 20), lambda block: asked.append(block) or read(block), 5, buffer=2, workers=0)
    loader.load_state_dict({"epoch": 0, "done": 16})
    assert len(epoch(loader)) == 4
    assert [block.file for block in asked] == [16, 17, 18, 19]


def test_the_number_of_workers_changes_nothing():
    epochs = [
        epoch(StreamLoader(blocks([7, 3, 9, 5] * 4), read, 4, shuffle=True, buffer=3, workers=workers))
        for workers in (0, 1, 2, 5)
    ]
    assert epochs[0] == epochs[1] == epochs[2] == epochs[3]


def test_the_order_depends_on_seed_and_epoch():
    first = StreamLoader(blocks([8] * 6), read, 4, shuffle=True)
    epochs = [epoch(first), epoch(first)]
    again = StreamLoader(blocks([8] * 6), read, 4, shuffle=True)
    assert [epoch(again), epoch(again)] == epochs
    assert epochs[0] != epochs[1]
    assert epoch(StreamLoader(blocks([8] * 6), read, 4, shuffle=True, seed=1)) != epochs[0]


def test_events_of_several_blocks_are_mixed():
    (batch, *_) = epoch(StreamLoader(blocks([50] * 8), read, 40, shuffle=True, buffer=4))
    assert len({event // 1000 for event in batch}) == 4


def test_points_stay_with_their_events():
    for batch in StreamLoader(blocks([7, 3, 9]), read, 4, shuffle=True, buffer=2):
        assert torch.equal(batch["offsets"].diff(), batch["x"] % 3)
        assert torch.equal(batch["owner"], batch["x"].repeat_interleave(batch["offsets"].diff()))


@pytest.mark.parametrize("workers", [0, 1, 4])
def test_few_blocks_are_in_memory_at_once(workers, monkeypatch):
    made, asked = [], []
    select = Arrays.select

    def counted(arrays, index):
        chosen = select(arrays, index).events["x"].numpy().copy()  # its memory is freed with the last view of it
        made.append(weakref.ref(chosen))
        return Arrays({"x": torch.from_numpy(chosen)})

    monkeypatch.setattr(Arrays, "select", counted)
    given = most = 0
    loader = StreamLoader(
        blocks([10] * 60), lambda block: asked.append(block) or read(block), 7, True, buffer=3, workers=workers
    )
    for batch in loader:
        given += len(batch["x"])
        most = max(most, sum(block() is not None for block in made))
        # Those at hand in each lane, and those read ahead.
        assert len(asked) <= given / 10 + 2 * 3 + 1
    assert given == 600
    assert len(asked) == 60
    assert 3 <= most <= 3 * 3 + 1


def test_an_error_of_a_worker_is_raised():
    def broken(block):
        if block.file == 3:
            raise ValueError("events of file 3: column 'E' holds NaN")
        return read(block)

    with pytest.raises(ValueError, match="column 'E' holds NaN"):
        epoch(StreamLoader(blocks([5] * 6), broken, 4, buffer=2))


@contextlib.contextmanager
def process(rank, world):
    """Pretend to be one of several processes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distributed, "is_initialized", lambda: True)
        patch.setattr(distributed, "get_rank", lambda: rank)
        patch.setattr(distributed, "get_world_size", lambda: world)
        yield


@settings(deadline=None, max_examples=50)
@given(SIZES, st.integers(1, 4), st.integers(1, 4), st.booleans(), st.booleans())
def test_processes_share_the_events(sizes, world, batch_size, shuffle, training):
    assume(sum(sizes) >= world * (batch_size if training else 1))
    parts = []
    for rank in range(world):
        with process(rank, world):
            loader = StreamLoader(blocks(sizes), read, batch_size, shuffle, training, buffer=2, workers=0)
            parts.append(epoch(loader))
            assert len(parts[-1]) == len(loader)
    taken = flat(flat(parts))
    if training:
        assert {len(part) for part in parts} == {sum(sizes) // world // batch_size}
        assert len(set(taken)) == len(taken)
    else:
        assert sorted(taken) == every(sizes)


@settings(deadline=None, max_examples=50)
@given(SIZES, st.sampled_from([2, 4]), st.integers(1, 3), st.integers(0, 2))
def test_several_processes_train_on_the_same_events_as_one(sizes, world, batch_size, epochs_before):
    assume(sum(sizes) >= world * batch_size)

    def seen(batch_size):
        loader = StreamLoader(blocks(sizes), read, batch_size, True, True, buffer=4, workers=0)
        loader.load_state_dict({"epoch": epochs_before, "done": 0})
        return epoch(loader)

    together = []
    for rank in range(world):
        with process(rank, world):
            together.append(seen(batch_size))
    alone = seen(world * batch_size)
    assert [sorted(flat(batches)) for batches in zip(*together, strict=True)] == [sorted(batch) for batch in alone]


def test_no_event_is_read_by_two_processes():
    asked = []
    for rank in range(2):
        with process(rank, 2):
            epoch(StreamLoader(blocks([4] * 10), lambda block: asked.append(block) or read(block), 4, True, True))
    assert sum(block.events for block in asked) == 40
    assert {event for block in asked for event in read(block).events["x"].tolist()} == set(every([4] * 10))


@pytest.mark.parametrize(("sizes", "drop_last"), [([], False), ([3], True)])
def test_too_few_events(sizes, drop_last):
    with pytest.raises(ValueError, match=f"{sum(sizes)} events make no batch of 4: use more events or a smaller"):
        StreamLoader(blocks(sizes), read, 4, drop_last=drop_last)
