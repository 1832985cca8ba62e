"""Batches of arrays in memory, taken by index."""

from collections.abc import Iterator

import torch
from torch import Tensor

from physml.data.arrays import Arrays
from physml.data.epochs import EpochLoader, generator


class BatchLoader(EpochLoader):
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
        super().__init__(batch_size, drop_last, seed)
        self.arrays, self.shuffle = arrays, shuffle
        if len(self) == 0:
            raise ValueError(
                f"{len(arrays)} events make no batch of {batch_size}: use more events or a smaller data.batch_size"
            )

    def total(self) -> int:
        """Return the number of events there are, for all processes together."""
        return len(self.arrays)

    def events(self) -> int:
        """Return the number of events that this process gives in an epoch."""
        return len(range(self.rank(), self._usable(), self.world()))

    def batches(self, epoch: int, first: int) -> Iterator[dict[str, Tensor]]:
        """Give the batches of an epoch from number `first` on."""
        order = self._order(epoch)
        for number in range(first, len(self)):
            yield self.arrays[order[number * self.batch_size : (number + 1) * self.batch_size]]

    def _order(self, epoch: int) -> Tensor:
        if self.shuffle:
            order = torch.randperm(len(self.arrays), generator=generator(self.seed, epoch))
        else:
            order = torch.arange(len(self.arrays))
        return order[: self._usable()][self.rank() :: self.world()]

    def _usable(self) -> int:
        return len(self.arrays) // self.world() * self.world() if self.drop_last else len(self.arrays)
