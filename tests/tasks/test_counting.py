from types import SimpleNamespace

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from physml.data.arrays import Arrays
from physml.data.event_files import Block
from physml.data.loader import BatchLoader
from physml.data.stream_loader import StreamLoader
from physml.tasks.counting import counted


def trainer(loader, others=0, limit=1.0):
    """A trainer whose other processes have seen some events."""
    strategy = SimpleNamespace(root_device=torch.device("cpu"), reduce=lambda number, reduce_op: number + others)
    return SimpleNamespace(strategy=strategy, test_dataloaders=loader, limit_test_batches=limit, world_size=2)


IN_MEMORY = BatchLoader(Arrays({"x": torch.zeros(7)}), 2)
STREAMED = StreamLoader([Block(0, 0, 4), Block(1, 0, 3)], lambda block: None, 2)
OF_TORCH = DataLoader(TensorDataset(torch.zeros(7)), 2)


@pytest.mark.parametrize("loader", [IN_MEMORY, STREAMED, OF_TORCH])
def test_the_events_of_all_processes_are_counted(loader):
    assert counted(trainer(loader, others=3), 4) == 7
    with pytest.raises(ValueError, match=r"expected each of the 7 events of the test once, got 8 from 2 processes"):
        counted(trainer(loader, others=4), 4)  # padded
    with pytest.raises(ValueError, match="got 14 from 2 processes"):
        counted(trainer(loader, others=7), 7)  # each process has seen all
    with pytest.raises(ValueError, match="got 6 from"):
        counted(trainer(loader, others=3), 3)


def test_where_the_number_is_not_known_it_is_told_as_it_is():
    assert counted(trainer(iter([])), 5) == 5
    assert counted(trainer(DataLoader(TensorDataset(torch.zeros(7)), 2, drop_last=True)), 6) == 6
    for batches in (2, 1):
        assert counted(trainer(IN_MEMORY, limit=batches), 2 * batches) == 2 * batches
