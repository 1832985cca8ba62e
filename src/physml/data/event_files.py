"""Events of many files, read block by block."""

import glob
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import torch
from lightning.pytorch.utilities import rank_zero_warn

from physml.data.arrays import Arrays
from physml.data.checks import checked, finite
from physml.data.event_file import Column, EventFile, SchemaError
from physml.data.hdf5 import HDF5File
from physml.data.parquet import ParquetFile
from physml.data.root import ROOTFile

KINDS: dict[str, type[EventFile]] = {
    ".h5": HDF5File,
    ".hdf5": HDF5File,
    ".parquet": ParquetFile,
    ".root": ROOTFile,
}
OVERSIZE = 10  # times the events asked for: so much larger a block is likely to be a mistake


class Block(NamedTuple):
    """The events ``start:stop`` of the file of number `file`."""

    file: int
    start: int
    stop: int

    @property
    def events(self) -> int:
        """The number of its events."""
        return self.stop - self.start


class EventFiles:
    """The events of HDF5, Parquet or ROOT files, of which only the schema is held.

    `HDF5File`, `ParquetFile` and `ROOTFile` say which layout they expect; the ending of a file's name tells its kind.

    Args:
        path: A file, or a pattern of files such as ``showers/*.h5``, or a list of these.
        in_shape: Shape of one ``x``, without the dimension of events or points; checked.
        arrays: The arrays to serve by name, each with the column it comes from, or with several columns that are
            stacked along a new last dimension. All columns by their own names if not given.
        transform: Makes the arrays that are served out of those; called for each block, in a thread.

    Raises:
        FileNotFoundError: No file is there.
        SchemaError: A column is missing or of another type than expected.
        ValueError: A file is truncated or of another format, or no path or no column is named.
    """

    def __init__(
        self,
        path: str | list[str],
        in_shape: list[int],
        arrays: Mapping[str, str | list[str]] | None = None,
        transform: Callable[[Arrays], Arrays] | None = None,
    ) -> None:
        if not path:
            raise ValueError("data.path is empty, expected a file, a pattern of files or a list of these: name one")
        if empty := [name for name, source in (arrays or {}).items() if not source]:
            raise ValueError(f"data.arrays.{empty[0]} is empty, expected one column or a list of them: name one")
        self.paths = files_of(path)
        self.in_shape, self._transform = list(in_shape), transform
        with _opened(self.paths[0]) as file:
            self.columns = file.columns
        chosen = {name: name for name in self.columns} if arrays is None else arrays
        self._arrays = {name: [source] if isinstance(source, str) else source for name, source in chosen.items()}
        self._stacked = {name for name, source in chosen.items() if not isinstance(source, str)}
        self._names = sorted({column for sources in self._arrays.values() for column in sources})

    def blocks(self, size: int) -> list[Block]:
        """Return all events as blocks of about `size`, after comparing the schema of each file with the first one's.

        Warns once of groups of a file that make blocks many times larger.
        """
        blocks = []
        for number, path in enumerate(self.paths):
            with _opened(path) as file:
                self._compare(path, file.columns)
                blocks += [Block(number, start, stop) for start, stop in file.ranges(size)]
        largest = max(blocks, key=lambda block: block.events, default=None)
        if largest and largest.events > OVERSIZE * size:
            rank_zero_warn(
                f"{self.paths[largest.file]}: its groups make blocks of up to {largest.events} events, each whole in "
                f"memory, expected about data.block_size={size}: write it again with smaller row groups "
                "(row_group_size in Parquet) or clusters (in ROOT)"
            )
        return blocks

    def read(self, block: Block) -> Arrays:
        """Return the arrays of the events of `block`; safe in threads.

        Raises:
            ValueError: A column holds NaN or infinity, or the file cannot be read.
        """
        path = self.paths[block.file]
        origin = f"{path}, events {block.start}–{block.stop - 1}"
        with _opened(path) as file:
            columns = file.read(self._names, block.start, block.stop)
        finite(columns, origin)
        arrays = Arrays(self._picked(columns.events), self._picked(columns.points), columns.offsets)
        if self._transform is None:
            return checked(arrays, self.in_shape, origin)
        try:
            served = self._transform(arrays)
        except ValueError as error:
            raise ValueError(f"{origin}: {error}") from error
        return checked(served, self.in_shape, f"{origin}, after data.transform")

    def _picked(self, columns: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        picked = {}
        for name, sources in self._arrays.items():
            if sources[0] in columns:
                parts = [columns[source] for source in sources]
                picked[name] = torch.stack(parts, dim=-1) if name in self._stacked else parts[0]
        return picked

    def _compare(self, path: Path, columns: dict[str, Column]) -> None:
        for name, sources in self._arrays.items():
            for source in sources:
                found, first = columns.get(source), self.columns.get(source)
                expected = first if first is not None and first.kind else "real or whole numbers"
                where = f"{path}: column {source!r} (data.arrays.{name})"
                if found is None:
                    raise SchemaError(
                        f"{where} is missing, expected {expected}; there are {', '.join(sorted(columns))}"
                    )
                if not found.kind:
                    raise SchemaError(f"{where} is {found}, expected {expected}: leave it out, or store numbers")
                if _type(found) != _type(first):
                    raise SchemaError(
                        f"{where} is {found}, expected {first} as in {self.paths[0]}: "
                        "write the file again, or leave it out"
                    )
                if _type(found)[1:] != _type(columns[sources[0]])[1:]:
                    raise SchemaError(
                        f"{where} is {found}, expected {columns[sources[0]]} as column {sources[0]!r}, with "
                        "which it is stacked: stack columns of one shape"
                    )


def _type(column: Column | None) -> tuple | None:
    return column and (column.kind, column.shape, column.per_point)


def files_of(path: str | list[str]) -> list[Path]:
    """Return the files that a path, a pattern or a list of these stands for, each once; a ROOT tree follows a colon.

    Raises:
        FileNotFoundError: One of them stands for none.
    """
    paths = []
    for pattern in [path] if isinstance(path, str) else path:
        base, tree = pattern, ""
        if ".root:" in pattern:
            base, _, tree = pattern.partition(".root:")
            base, tree = base + ".root", ":" + tree
        files = [base] if Path(base).is_file() else sorted(filter(os.path.isfile, glob.glob(base, recursive=True)))
        if not files:
            what = "a folder" if Path(base).is_dir() else "no such file"
            raise FileNotFoundError(f"{pattern}: {what}: expected a file or a pattern such as 'showers/*.h5'")
        paths += [Path(file + tree) for file in files]
    return list({file.resolve(): file for file in paths}.values())


@contextmanager
def _opened(path: Path) -> Iterator[EventFile]:
    """Open a file; what its library says of a broken one becomes one line."""
    suffix = ".root" if ".root:" in str(path) else path.suffix  # the name of a tree may hold dots and slashes
    if suffix not in KINDS:
        raise ValueError(f"{path}: the ending {suffix!r} tells no kind of file, expected {', '.join(KINDS)}: rename it")
    try:
        with KINDS[suffix](path) as file:
            yield file
    except (SchemaError, ModuleNotFoundError, PermissionError, MemoryError):
        raise
    except Exception as error:  # each library has its own kinds of complaint
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ValueError(
            f"{path}: cannot be read as {suffix[1:]} ({reason}): it is truncated or of another format; write it again"
        ) from error
