"""The data module that serves simulated events."""

from collections.abc import Callable

import numpy as np

from physml.data.arrays import Arrays
from physml.data.checks import checked
from physml.data.folds import Fold
from physml.data.in_memory import InMemoryDataModule

Source = Callable[[int, np.random.Generator], Arrays]


class ArrayDataModule(InMemoryDataModule):
    """Draw independent training, validation and test events from a source, and serve them from memory.

    Args:
        source: Called with a number of events and a random generator; gives the arrays, among them ``x``. Where events
            are parts of trajectories it has a method ``trajectories``, which returns that of each of so many events.
        in_shape: Shape of one ``x``, without the dimension of events or points; checked.
        out_shape: Shape of one output of the network; networks read it from here by interpolation.
        train: Number of training events.
        validation: Number of validation events.
        test: Number of test events.
        batch_size: Events in a batch, in each process.
        test_source: Source of the test events where they differ from the training events in kind.
        seed: Seed of the data. It is apart from the seed of the training, so that runs that differ in their
            training seed see the same events.
        fold: Makes this training one of a cross-validation: training and validation events are drawn as one, and the
            fold says which of them validate. The test events stay as they are.

    Raises:
        ValueError: A split has no events.
    """

    def __init__(
        self,
        source: Source,
        in_shape: list[int],
        out_shape: list[int],
        train: int,
        validation: int,
        test: int,
        batch_size: int = 128,
        test_source: Source | None = None,
        seed: int = 0,
        fold: Fold | None = None,
    ) -> None:
        super().__init__(in_shape, out_shape, batch_size, seed, fold)
        for name, count in (("train", train), ("validation", validation), ("test", test)):
            if count < 1:
                raise ValueError(f"data.{name}: expected a positive number of events, got {count}: give one")
        self._draws = {
            "train": (source, train),
            "validation": (source, validation),
            "test": (test_source or source, test),
        }

    def split(self, name: str) -> Arrays:
        """Return the events of the split ``train``, ``validation`` or ``test``; drawn once, when first asked for."""
        if name not in self._splits:
            if self.fold is None or name == "test":
                self._splits[name] = self._drawn(name, *self._draws[name])
            else:
                self._splits |= self._cross_validated(self.fold)
        return self._splits[name]

    def _drawn(self, name: str, source: Source, count: int) -> Arrays:
        # One stream per split: changing the number of training events leaves the test events as they were.
        stream = np.random.SeedSequence(self.seed).spawn(len(self._draws))[list(self._draws).index(name)]
        return checked(source(count, np.random.default_rng(stream)), self.in_shape, f"{name} data")

    def _cross_validated(self, fold: Fold) -> dict[str, Arrays]:
        """Return training and validation events of one draw: in two, a source may give an event twice."""
        source, train = self._draws["train"]
        count = train + self._draws["validation"][1]
        trajectories = source.trajectories(count) if hasattr(source, "trajectories") else np.arange(count)
        parts = fold.split(trajectories, self.seed)
        events = self._drawn("train", source, count)
        return {name: events.select(part) for name, part in zip(("train", "validation"), parts, strict=True)}
