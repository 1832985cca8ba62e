"""The data module that streams events from files larger than memory."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path

from lightning.pytorch import LightningDataModule

from physml.data.arrays import Arrays
from physml.data.event_files import Block, EventFiles, files_of
from physml.data.splits import SPLITS, split_edges
from physml.data.stream_loader import StreamLoader


class StreamDataModule(LightningDataModule):
    """Stream the events of HDF5, Parquet or ROOT files, split into training, validation and test events.

    Either the files of `path` are split, each block of events by `fractions`, or validation and test events have files
    of their own.

    Args:
        path: The files: see `EventFiles`, also for `arrays` and `transform`.
        in_shape: Shape of one ``x``, without the dimension of events or points; checked.
        out_shape: Shape of one output of the network.
        arrays: The arrays to serve by name, each with its column or columns.
        transform: Makes the arrays that are served out of those.
        validation_path: The files of the validation events.
        test_path: The files of the test events.
        fractions: Parts of the events for training, validation and test, where they have no files of their own.
        batch_size: Events in a batch, in each process.
        block_size: Events read at once, about. Row groups of Parquet and clusters of ROOT are read whole, however
            large; one that is cut, between splits or the loader's lanes, is read once for each.
        buffer: Blocks among which events are shuffled, and read ahead; a multiple of the number of processes if their
            number is not to change what is learnt.
        workers: Threads that read ahead.
        seed: Seed of the order.

    Raises:
        ValueError: A size is too small, the fractions do not add up to 1, only one of validation and test has files of
            its own, they share a file with others, or a split has no events.
    """

    def __init__(
        self,
        path: str | list[str],
        in_shape: list[int],
        out_shape: list[int],
        arrays: Mapping[str, str | list[str]] | None = None,
        transform: Callable[[Arrays], Arrays] | None = None,
        validation_path: str | list[str] | None = None,
        test_path: str | list[str] | None = None,
        fractions: tuple[float, float, float] = (0.8, 0.1, 0.1),
        batch_size: int = 128,
        block_size: int = 1000,
        buffer: int = 8,
        workers: int = 2,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if (validation_path is None) != (test_path is None):
            raise ValueError("only one of data.validation_path and data.test_path is given: expected both or none")
        self.in_shape, self.out_shape, self.arrays, self.transform = list(in_shape), list(out_shape), arrays, transform
        self.paths = dict(zip(SPLITS, (path, validation_path or path, test_path or path), strict=True))
        for name, value, least in (
            ("batch_size", batch_size, 1),
            ("block_size", block_size, 1),
            ("buffer", buffer, 1),
            ("workers", workers, 0),
        ):
            if value < least:
                raise ValueError(f"data.{name} is {value}, expected {least} or more: set data.{name}")
        edges = split_edges(fractions)
        self.edges = edges if test_path is None else None
        self.batch_size, self.block_size, self.seed = batch_size, block_size, seed
        self.buffer, self.workers = buffer, workers
        self._splits: dict[str, tuple[list[Block], EventFiles]] = {}

    def split(self, name: str) -> tuple[list[Block], EventFiles]:
        """Return the blocks of the split ``train``, ``validation`` or ``test``, and what reads them."""
        if name not in self._splits:
            if name == "train" and self.edges is None:
                self._refuse_shared_files()
            files = EventFiles(self.paths[name], self.in_shape, self.arrays, self.transform)
            blocks = files.blocks(self.block_size)
            parts = {name: blocks} if self.edges is None else self._parts(blocks)
            self._splits |= {split: (part, files) for split, part in parts.items()}
        return self._splits[name]

    def train_dataloader(self) -> StreamLoader:
        """Return the shuffled training batches."""
        return self._loader("train", shuffle=True, drop_last=True)

    def val_dataloader(self) -> StreamLoader:
        """Return the validation batches."""
        return self._loader("validation")

    def test_dataloader(self) -> StreamLoader:
        """Return the test batches."""
        return self._loader("test")

    def _refuse_shared_files(self) -> None:
        owner: dict[Path, str] = {}
        for name in SPLITS:
            for file in files_of(self.paths[name]):
                if (other := owner.setdefault(file.resolve(), name)) != name:
                    raise ValueError(
                        f"{file} holds the events of {other} and of {name}, expected files of their own: narrow "
                        "data.path, data.validation_path or data.test_path"
                    )

    def _parts(self, blocks: list[Block]) -> dict[str, list[Block]]:
        """Return the blocks of each split, all at once: an empty test split must be known before the training."""
        parts = {}
        for split, (low, high) in zip(SPLITS, pairwise(self.edges.tolist()), strict=True):
            parts[split] = [part for block in blocks if (part := _part(block, low, high)).events]
            if not parts[split]:
                raise ValueError(
                    f"data.fractions leaves no events for {split}: each of the {len(blocks)} blocks is split, and the "
                    f"largest has {max((block.events for block in blocks), default=0)} events: use larger files or a "
                    "larger data.block_size, or set data.validation_path and data.test_path"
                )
        return parts

    def _loader(self, name: str, shuffle: bool = False, drop_last: bool = False) -> StreamLoader:
        blocks, files = self.split(name)
        return StreamLoader(
            blocks, files.read, self.batch_size, shuffle, drop_last, self.buffer, self.workers, self.seed
        )


def _part(block: Block, low: float, high: float) -> Block:
    """Return the part of a block between two fractions of it."""
    start, stop = (block.start + round(float(edge) * block.events) for edge in (low, high))
    return Block(block.file, start, stop)
