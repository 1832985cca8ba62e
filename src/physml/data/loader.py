"""Batches of arrays in memory, taken by index."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, distributed

from physml.data.arrays import Arrays


class BatchLoader:
    """Iterate over batches of `arrays`, each gathered with one indexing operation per array.

    Under `torch.distributed` each process takes every world-size-th event: training drops the few events that would
    leave a process with fewer batches, evaluation neither pads nor repeats one. The order of an epoch depends only on
    the seed and the epoch's number, and `state_dict` holds the position within it, so a resumed run sees the batches
    that an uninterrupted one would have seen.

    Args:
        arrays: The events.
        batch_size: Events in a batch of one process.
        shuffle: Draw a new order in each epoch.
        drop_last: Leave out the last, smaller batch.
        seed: Seed of the order.

    Raises:
        ValueError: There are fewer events than one batch needs.
    """

    def __init__(
        self, arrays: Arrays, batch_size: int, shuffle: bool = False, drop_last: bool = False, seed: int = 0
    ) -> None:
        self.arrays, self.batch_size, self.seed = arrays, batch_size, seed
        self.shuffle, self.drop_last = shuffle, drop_last
        self.epoch = 0
        self._done = 0  # batches of the running epoch already given
        self._restored = False
        if len(self) == 0:
            raise ValueError(
                f"{len(arrays)} events make no batch of {batch_size}: use more events or a smaller data.batch_size"
            )

    def __len__(self) -> int:
        """Return the number of batches that this process gives in an epoch."""
        events = len(range(self._rank(), self._usable(), self._world()))
        return events // self.batch_size if self.drop_last else -(-events // self.batch_size)

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        """Give the batches of the next epoch, or after `load_state_dict` the rest of the one it points into."""
        if self._done and not self._restored:  # the epoch before was left early
            self.epoch, self._done = self.epoch + 1, 0
        self._restored = False
        order, length = self._order(), len(self)
        for number in range(self._done, length):
            # Before the batch is given: Lightning takes the last one without asking for another.
            self.epoch, self._done = (self.epoch + 1, 0) if number + 1 == length else (self.epoch, number + 1)
            yield self.arrays[order[number * self.batch_size : (number + 1) * self.batch_size]]

    def state_dict(self) -> dict[str, Any]:
        """Return the position: epoch, and batches of it already given."""
        return {"epoch": self.epoch, "done": self._done}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from the position `state`."""
        self.epoch, self._done, self._restored = state["epoch"], state["done"], True

    def _order(self) -> Tensor:
        if self.shuffle:
            seed = int(np.random.SeedSequence((self.seed, self.epoch)).generate_state(1)[0])
            order = torch.randperm(len(self.arrays), generator=torch.Generator().manual_seed(seed))
        else:
            order = torch.arange(len(self.arrays))
        return order[: self._usable()][self._rank() :: self._world()]

    def _usable(self) -> int:
        return len(self.arrays) // self._world() * self._world() if self.drop_last else len(self.arrays)

    @staticmethod
    def _world() -> int:
        return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1

    @staticmethod
    def _rank() -> int:
        return distributed.get_rank() if distributed.is_available() and distributed.is_initialized() else 0
