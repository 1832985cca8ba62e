"""Shuffled batches of more events than fit into memory."""

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from typing import NamedTuple

import torch
from torch import Tensor

from physml.data.arrays import Arrays, joined
from physml.data.epochs import EpochLoader, generator
from physml.data.event_files import Block


class _Part(NamedTuple):
    """A block, or what of it lies in one lane.

    Args:
        needed: How many events this process has given when it is needed.
        lane: Its lane, as this process counts them.
        block: The events.
        seeds: What their order depends on.
        given: How many of them were given before.
    """

    needed: int
    lane: int
    block: Block
    seeds: tuple[int, ...]
    given: int


class StreamLoader(EpochLoader):
    """Read blocks of events in an order drawn per epoch, and give batches of events from several blocks at a time.

    The blocks of an epoch are permuted, laid end to end and cut into `buffer` lanes of equal length. Each lane permutes
    the events of its first block, then those of its next one; event number n of the epoch comes from lane n modulo
    `buffer`. Each event comes once per epoch. The order depends on the seed and the epoch only, not on the number of
    workers. Workers are threads: the time goes into reading and decompressing, which need no interpreter, and nothing
    has to be copied between processes. They read ahead by up to `buffer` blocks, so at most 3 `buffer` + 1 blocks are
    in memory. (HDF5's library reads one block at a time whatever their number.)

    Under `torch.distributed` each process takes every world-size-th event, and reads its own lanes only. Where the
    number of processes divides `buffer`, batch by batch all of them together give the events that one process gives
    with batches as large as theirs together. In training the few events that would leave a process with fewer batches
    are left out; in evaluation nothing is padded, repeated or left out. A resumed loader reads on from the blocks where
    it stopped.

    Args:
        blocks: The blocks.
        read: Reads a block; called in threads.
        batch_size: Events in a batch of one process.
        shuffle: Draw a new order in each epoch; else the events come block by block, in one lane for each process.
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

    def total(self) -> int:
        """Return the number of events there are, for all processes together."""
        return self._total

    def events(self) -> int:
        """Return the number of events that this process gives in an epoch."""
        usable = self._total // self.world() * self.world() if self.drop_last else self._total
        return len(range(self.rank(), usable, self.world()))

    def batches(self, epoch: int, first: int) -> Iterator[dict[str, Tensor]]:
        """Give the batches of an epoch from number `first` on."""
        parts = deque(self._parts(epoch, first * self.batch_size))
        reading = self._ahead(list(parts))
        lanes: list[deque[Arrays]] = [deque() for _ in range(self._lanes() // self.world())]
        for number in range(first, len(self)):
            start, stop = number * self.batch_size, min((number + 1) * self.batch_size, self.events())
            while parts and parts[0].needed < stop:
                lanes[parts.popleft().lane].append(next(reading))
            pieces = []
            for lane, waiting in enumerate(lanes):
                pieces += _taken(waiting, _dealt(stop, lane, len(lanes)) - _dealt(start, lane, len(lanes)))
            yield joined(pieces).batch()

    def _lanes(self) -> int:
        """Return the number of lanes of all processes together."""
        return math.lcm(self.buffer, self.world()) if self.shuffle else self.world()

    def _parts(self, epoch: int, given: int) -> list[_Part]:
        """Return what this process has to read after it has given some events, in the order in which it is needed."""
        blocks, lanes, own = self.blocks, self._lanes(), self._lanes() // self.world()
        if self.shuffle:
            order = torch.randperm(len(blocks), generator=generator(self.seed, epoch))
            blocks = [blocks[number] for number in order.tolist()]
        ends = [0, *accumulate(_dealt(self._total, number, lanes) for number in range(lanes))]
        parts = []
        for lane in range(own):
            number = self.rank() + lane * self.world()
            begin, before = 0, _dealt(given, lane, own)
            for position, block in enumerate(_between(blocks, ends[number], ends[number + 1])):
                done = max(0, before - begin)
                if done < block.events and (begin + done) * own + lane < self.events():
                    parts.append(_Part((begin + done) * own + lane, lane, block, (epoch, 1 + number, position), done))
                begin += block.events
        return sorted(parts)

    def _arrays(self, part: _Part) -> Arrays:
        """Read a part and shuffle its events."""
        arrays = self._read(part.block)
        if self.shuffle:
            arrays = arrays.select(torch.randperm(len(arrays), generator=generator(self.seed, *part.seeds)))
        return arrays.part(part.given, len(arrays))

    def _ahead(self, parts: list[_Part]) -> Iterator[Arrays]:
        """Give the arrays of the parts in order, while workers read the next ones."""
        if not self.workers:
            yield from map(self._arrays, parts)
            return
        pool, waiting = ThreadPoolExecutor(self.workers, thread_name_prefix="reader"), deque()
        try:
            for part in parts:
                waiting.append(pool.submit(self._arrays, part))
                if len(waiting) > self.buffer:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:  # also when the epoch is left early
            pool.shutdown(cancel_futures=True)


def _dealt(events: int, lane: int, lanes: int) -> int:
    """Return how many of the first events come from a lane, when the lanes give one each in turn."""
    return len(range(lane, events, lanes))


def _between(blocks: Sequence[Block], first: int, last: int) -> list[Block]:
    """Return the events ``first:last`` of blocks laid end to end, as blocks; those at the ends may be parts."""
    cut, before = [], 0
    for file, start, stop in blocks:
        low, high = max(start, start + first - before), min(stop, start + last - before)
        if low < high:
            cut.append(Block(file, low, high))
        before += stop - start
    return cut


def _taken(waiting: deque[Arrays], events: int) -> Iterator[Arrays]:
    """Take the next events from arrays that wait one behind the other."""
    while events:
        arrays = waiting.popleft()
        count = min(events, len(arrays))
        yield arrays.part(0, count)
        if count < len(arrays):
            waiting.appendleft(arrays.part(count, len(arrays)))
        events -= count
