"""Loaders whose order depends on the seed and the epoch alone, and that can go on where they stopped."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, distributed


class EpochLoader(ABC):
    """Give the batches of one epoch after the other; `state_dict` holds the position within the running one.

    Args:
        batch_size: Events in a batch of one process.
        drop_last: Leave out the last, smaller batch.
        seed: Seed of the order.

    Raises:
        ValueError: The batches are empty.
    """

    def __init__(self, batch_size: int, drop_last: bool, seed: int) -> None:
        if batch_size < 1:
            raise ValueError(f"data.batch_size: expected a positive number of events, got {batch_size}: give one")
        self.batch_size, self.drop_last, self.seed = batch_size, drop_last, seed
        self.epoch = 0
        self._done = 0  # batches of the running epoch already given
        self._restored = False

    @abstractmethod
    def total(self) -> int:
        """Return the number of events there are, for all processes together."""

    @abstractmethod
    def events(self) -> int:
        """Return the number of events that this process gives in an epoch."""

    @abstractmethod
    def batches(self, epoch: int, first: int) -> Iterator[dict[str, Tensor]]:
        """Give the batches of an epoch from number `first` on."""

    def __len__(self) -> int:
        """Return the number of batches that this process gives in an epoch."""
        return self.events() // self.batch_size if self.drop_last else -(-self.events() // self.batch_size)

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        """Give the batches of the next epoch, or after `load_state_dict` the rest of the one it points into."""
        if self._done and not self._restored:  # the epoch before was left early
            self.epoch, self._done = self.epoch + 1, 0
        self._restored = False
        epoch, first, length = self.epoch, self._done, len(self)
        for number, batch in enumerate(self.batches(epoch, first), start=first):
            # Before the batch is given: Lightning takes the last one without asking for another.
            self.epoch, self._done = (epoch + 1, 0) if number + 1 == length else (epoch, number + 1)
            yield batch

    def state_dict(self) -> dict[str, Any]:
        """Return the position: epoch, and batches of it already given."""
        return {"epoch": self.epoch, "done": self._done}

    def leave_epoch(self) -> None:
        """Begin the next epoch in the next iteration, though batches of this one may be left."""
        self._restored = False

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from the position `state`."""
        self.epoch, self._done, self._restored = state["epoch"], state["done"], True

    @staticmethod
    def world() -> int:
        """Return the number of processes that share the events."""
        return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1

    @staticmethod
    def rank() -> int:
        """Return the number of this process."""
        return distributed.get_rank() if distributed.is_available() and distributed.is_initialized() else 0


def generator(*seeds: int) -> torch.Generator:
    """Return a random generator that depends on all `seeds`."""
    return torch.Generator().manual_seed(int(np.random.SeedSequence(seeds).generate_state(1)[0]))
