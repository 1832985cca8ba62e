import itertools

import pytest
import torch
from torch import distributed

from physml.data.arrays import Arrays
from physml.data.loader import BatchLoader


def events(count):
    return Arrays(events={"x": torch.arange(count)})


def epoch(loader):
    return [batch["x"].tolist() for batch in loader]


def flat(batches):
    return list(itertools.chain.from_iterable(batches))


@pytest.fixture
def as_rank(monkeypatch):
    """Pretend to be one of several processes."""

    def pretend(rank, world):
        monkeypatch.setattr(distributed, "is_initialized", lambda: True)
        monkeypatch.setattr(distributed, "get_rank", lambda: rank)
        monkeypatch.setattr(distributed, "get_world_size", lambda: world)

    return pretend


@pytest.mark.parametrize("batch_size", [1, 3, 7, 20, 50])
def test_each_event_comes_once_in_any_batch_size(batch_size):
    loader = BatchLoader(events(20), batch_size)
    assert flat(epoch(loader)) == list(range(20))
    assert len(loader) == len(epoch(loader))
    shuffled = BatchLoader(events(20), batch_size, shuffle=True)
    assert sorted(flat(epoch(shuffled))) == list(range(20))


def test_the_order_is_the_same_in_any_batch_size():
    orders = [flat(epoch(BatchLoader(events(20), size, shuffle=True, seed=3))) for size in (1, 6, 20)]
    assert orders[0] == orders[1] == orders[2]


def test_the_order_depends_on_seed_and_epoch_alone():
    torch.manual_seed(1)
    first = BatchLoader(events(20), 6, shuffle=True)
    epochs = [epoch(first) for _ in range(3)]
    torch.manual_seed(2)
    again = BatchLoader(events(20), 6, shuffle=True)
    assert [epoch(again) for _ in range(3)] == epochs
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]
    assert epoch(BatchLoader(events(20), 6, shuffle=True, seed=1)) != epochs[0]
    assert torch.initial_seed() == 2


def test_the_last_smaller_batch_is_dropped_if_asked_for():
    loader = BatchLoader(events(20), 6, drop_last=True)
    assert [len(batch) for batch in epoch(loader)] == [6, 6, 6]
    assert len(loader) == 3


def test_shuffled_batches_come_in_full_epoch_after_epoch():
    loader = BatchLoader(events(20), 5, shuffle=True)
    # Lightning takes len(loader) batches and never asks for one more.
    for number in range(3):
        assert len(list(itertools.islice(loader, len(loader)))) == 4
        assert loader.state_dict() == {"epoch": number + 1, "done": 0}


def test_an_epoch_left_early_is_over():
    loader = BatchLoader(events(20), 5)
    for _ in range(3):
        assert [batch["x"].tolist() for batch in itertools.islice(loader, 2)] == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]
    shuffled, whole = BatchLoader(events(20), 5, shuffle=True), BatchLoader(events(20), 5, shuffle=True)
    first = [batch["x"].tolist() for batch in itertools.islice(shuffled, 2)]
    assert first == epoch(whole)[:2]
    assert epoch(shuffled) == epoch(whole)


@pytest.mark.parametrize("taken", [0, 1, 3, 4, 5, 7])
def test_a_resumed_loader_gives_the_remaining_batches(taken):
    def endless(loader):
        while True:
            yield from loader

    straight = BatchLoader(events(20), 5, shuffle=True, seed=2)
    expected = [batch["x"].tolist() for batch in itertools.islice(endless(straight), 12)]
    interrupted = BatchLoader(events(20), 5, shuffle=True, seed=2)
    for _ in itertools.islice(endless(interrupted), taken):
        pass
    resumed = BatchLoader(events(20), 5, shuffle=True, seed=2)
    resumed.load_state_dict(interrupted.state_dict())
    rest = [batch["x"].tolist() for batch in itertools.islice(endless(resumed), 12 - taken)]
    assert rest == expected[taken:]


def test_two_iterators_made_at_once_spoil_nothing():
    # Lightning makes an iterator when it sets the data up, and another one at the start of an epoch.
    loader = BatchLoader(events(20), 5, shuffle=True)
    unused, used = iter(loader), iter(loader)
    assert [batch["x"].tolist() for batch in used] == epoch(BatchLoader(events(20), 5, shuffle=True))
    del unused


@pytest.mark.parametrize("world", [2, 3])
@pytest.mark.parametrize("shuffle", [False, True])
def test_processes_share_the_events_without_remainder(as_rank, world, shuffle):
    parts = []
    for rank in range(world):
        as_rank(rank, world)
        loader = BatchLoader(events(23), 4, shuffle=shuffle)
        parts.append(flat(epoch(loader)))
        assert len(loader) == -(-len(parts[-1]) // 4)
    assert sorted(flat(parts)) == list(range(23))


def test_processes_take_equally_many_batches_in_training(as_rank):
    parts = []
    for rank in range(2):
        as_rank(rank, 2)
        parts.append(epoch(BatchLoader(events(23), 4, shuffle=True, drop_last=True)))
    assert [len(part) for part in parts] == [2, 2]
    taken = flat(flat(parts))
    assert len(set(taken)) == len(taken) == 16


def test_two_processes_train_on_the_same_events_as_one(as_rank):
    both = []
    for rank in range(2):
        as_rank(rank, 2)
        both.append(epoch(BatchLoader(events(24), 4, shuffle=True, drop_last=True)))
    as_rank(0, 1)
    alone = epoch(BatchLoader(events(24), 8, shuffle=True, drop_last=True))
    assert [sorted(one + other) for one, other in zip(*both, strict=True)] == [sorted(batch) for batch in alone]


@pytest.mark.parametrize(("count", "drop_last"), [(0, False), (3, True)])
def test_too_few_events(count, drop_last):
    with pytest.raises(ValueError, match=f"{count} events make no batch of 4: use more events or a smaller"):
        BatchLoader(events(count), 4, drop_last=drop_last)
