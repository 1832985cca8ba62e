"""One file of events, opened without reading them."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from physml.data.arrays import Arrays


class SchemaError(ValueError):
    """A file's columns are not what was expected; the message names the file, the column, and what to do."""


@dataclass(frozen=True)
class Column:
    """What one column of a file holds.

    Args:
        dtype: Type of its numbers, by numpy's name; the file's own name for what is no number.
        shape: Shape of one row.
        per_point: Whether an event has a row for each of its points, or one row.

    Example:
        >>> str(Column("float32", (3,), per_point=True))
        'float32 [3] per point'
    """

    dtype: str
    shape: tuple[int, ...]
    per_point: bool

    @property
    def kind(self) -> str:
        """The kind of its elements: ``real``, ``whole``, or empty if they are no real numbers."""
        try:
            return {"f": "real", "i": "whole", "u": "whole", "b": "whole"}.get(np.dtype(self.dtype).kind, "")
        except (TypeError, ValueError):  # numpy raises the latter for a name with commas, as that of a struct
            return ""

    def __str__(self) -> str:
        return f"{self.dtype} {list(self.shape)} per {'point' if self.per_point else 'event'}"


class EventFile(ABC):
    """An open file of events; a context manager that closes it.

    Args:
        path: The file.

    Attributes:
        columns: Its columns by name.
        count: Its number of events.
        edges: Numbers of events where the file's own groups begin, and its end; None if a read may begin anywhere.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.columns: dict[str, Column] = {}
        self.count = 0
        self.edges: list[int] | None = None

    @abstractmethod
    def read(self, names: list[str], start: int, stop: int) -> Arrays:
        """Return the columns `names` of the events ``start:stop``, in float32 and int64."""

    @abstractmethod
    def close(self) -> None:
        """Close the file."""

    def ranges(self, size: int) -> list[tuple[int, int]]:
        """Return all events as ranges of about `size`, each of whole groups of the file where it has groups."""
        if self.edges is None:
            marks = np.linspace(0, self.count, -(-self.count // size) + 1).round().astype(int).tolist()
        else:
            marks = [0]
            for edge in self.edges:
                if edge - marks[-1] >= size or edge == self.count > marks[-1]:
                    marks.append(edge)
        return list(pairwise(marks))

    def __enter__(self) -> "EventFile":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def brought_by(extra: str) -> Iterator[None]:
    """Let a missing package that is imported within be told with the extra that brings it.

    Raises:
        ModuleNotFoundError: It is missing.

    Example:
        >>> with brought_by("files"):
        ...     import h5py
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        raise ModuleNotFoundError(
            f'the package {package!r} is not installed: pip install "physml[{extra}]" brings it'
        ) from error
