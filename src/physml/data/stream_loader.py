"""Shuffled batches of more events than fit into memory."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate, islice

import torch
from torch import Tensor

from physml.data.arrays import Arrays, joined
from physml.data.epochs import EpochLoader, generator
from physml.data.event_files import Block


class StreamLoader(EpochLoader):
    """Read blocks of events in an order drawn per epoch, and give batches of events shuffled among several blocks.

    The blocks of an epoch are permuted and taken `buffer` at a time; the events of these are permuted and given. Each
    event comes once per epoch. The order depends on the seed and the epoch only, not on the number of workers. Workers
    are threads: the time goes into reading and decompressing, which need no interpreter, and nothing has to be copied
    between processes. They read ahead by up to `buffer` blocks, so at most 2 `buffer` + 1 blocks and one joined copy of
    `buffer` blocks are in memory. (HDF5's library reads one block at a time whatever their number.)

    Under `torch.distributed` the blocks of an epoch, laid end to end, are cut into equal shares, one for each process.
    In training the few events that would make shares unequal are left out; in evaluation nothing is padded, repeated or
    left out. A resumed loader reads on from the block where it stopped.

    Args:
        blocks: The blocks.
        read: Reads a block; called in threads.
        batch_size: Events in a batch of one process.
        shuffle: Draw a new order in each epoch.
        drop_last: Leave out the last, smaller batch, and events that would give one process more than another.
        buffer: Blocks among which events are shuffled.
        workers: Threads that read ahead; with 0 a block is read when it is needed.
        seed: Seed of the order.

    Raises:
        ValueError: There are fewer events than one batch needs.
    """

    def __init__(
        self,
        blocks: Sequence[Block],
        read: Callable[[Block], Arrays],
        batch_size: int,
        shuffle: bool = False,
        drop_last: bool = False,
        buffer: int = 8,
        workers: int = 2,
        seed: int = 0,
    ) -> None:
        super().__init__(batch_size, drop_last, seed)
        self.blocks, self.shuffle, self.buffer, self.workers = list(blocks), shuffle, buffer, workers
        self._read = read
        self._total = sum(block.events for block in self.blocks)
        if len(self) == 0:
            raise ValueError(
                f"{self._total} events make no batch of {batch_size}: use more events or a smaller data.batch_size"
            )

    def events(self) -> int:
        """Return the number of events that this process gives in an epoch."""
        first, last = self._bounds()
        return last - first

    def batches(self, epoch: int, first: int) -> Iterator[dict[str, Tensor]]:
        """Give the batches of an epoch from number `first` on."""
        blocks = self._share(epoch)
        windows = [blocks[start : start + self.buffer] for start in range(0, len(blocks), self.buffer)]
        ends = list(accumulate(sum(block.events for block in window) for window in windows))
        given = first * self.batch_size
        begin = next(number for number, end in enumerate(ends) if given < end)
        given -= ends[begin - 1] if begin else 0
        reading = self._ahead([block for window in windows[begin:] for block in window])
        rest: list[Arrays] = []
        for number, window in enumerate(windows[begin:], start=begin):
            arrays = joined([*rest, *islice(reading, len(window))])
            order = self._order(epoch, number, len(arrays), left=sum(map(len, rest)))[given:]
            last = number + 1 == len(windows)
            whole = len(order) if last and not self.drop_last else len(order) // self.batch_size * self.batch_size
            for index in order[:whole].split(self.batch_size) if whole else ():
                yield arrays[index]
            rest, given = [arrays.select(order[whole:])] if whole < len(order) else [], 0
            del arrays  # before the next blocks are joined

    def _order(self, epoch: int, window: int, events: int, left: int) -> Tensor:
        """Return the order of the events of a window, after those that an earlier window has left."""
        if not self.shuffle:
            return torch.arange(events)
        fresh = torch.randperm(events - left, generator=generator(self.seed, epoch, 1 + window))
        return torch.cat([torch.arange(left), left + fresh])

    def _bounds(self) -> tuple[int, int]:
        rank, world = self.rank(), self.world()
        if self.drop_last:
            return rank * (self._total // world), (rank + 1) * (self._total // world)
        return rank * self._total // world, (rank + 1) * self._total // world

    def _share(self, epoch: int) -> list[Block]:
        """Return this process's blocks of an epoch; those at the ends of its share may be parts."""
        blocks = self.blocks
        if self.shuffle:
            order = torch.randperm(len(blocks), generator=generator(self.seed, epoch))
            blocks = [blocks[number] for number in order.tolist()]
        first, last = self._bounds()
        share, before = [], 0
        for file, start, stop in blocks:
            low, high = max(start, start + first - before), min(stop, start + last - before)
            if low < high:
                share.append(Block(file, low, high))
            before += stop - start
        return share

    def _ahead(self, blocks: list[Block]) -> Iterator[Arrays]:
        """Give the arrays of the blocks in order, while workers read the next ones."""
        if not self.workers:
            yield from map(self._read, blocks)
            return
        pool, waiting = ThreadPoolExecutor(self.workers, thread_name_prefix="reader"), deque()
        try:
            for block in blocks:
                waiting.append(pool.submit(self._read, block))
                if len(waiting) > self.buffer:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:  # also when the epoch is left early
            pool.shutdown(cancel_futures=True)
