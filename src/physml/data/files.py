"""Events read from a NumPy archive (.npz)."""

import zipfile
import zlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from physml.data.arrays import Arrays, as_tensor
from physml.data.checks import checked
from physml.data.folds import Fold
from physml.data.in_memory import InMemoryDataModule
from physml.data.splits import SPLITS, split_edges


def read_arrays(path: str | Path) -> Arrays:
    """Read the arrays of an ``.npz`` file, in float32 and int64.

    An array ``offsets`` marks ragged events: arrays of as many rows as there are points are then per point, those of as
    many rows as there are events per event. Pickled objects are refused.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is not a whole ``.npz`` archive of numbers, or its arrays do not fit together.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file: expected an .npz archive with an array 'x'")
    try:
        if not zipfile.is_zipfile(path):
            raise zipfile.BadZipFile("it is no zip archive")
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: as_tensor(archive[name]) for name in archive.files}
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, AttributeError, TypeError, OSError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ValueError(
            f"{path}: cannot be read as an .npz archive of numbers ({reason}): it is truncated or of another format; "
            "write it again with numpy.savez or `physml simulate`"
        ) from error
    for name, array in arrays.items():
        if array.ndim == 0:
            raise ValueError(f"{path}: array {name!r} is a single number, expected one row per event: leave it out")
    try:
        return assigned(arrays)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def assigned(arrays: dict[str, torch.Tensor]) -> Arrays:
    """Return arrays by name as those of events and those of points, told apart by their numbers of rows.

    Raises:
        ValueError: An array has another number of rows.
    """
    arrays = dict(arrays)
    offsets = arrays.pop("offsets", None)
    if offsets is None:
        return Arrays(events=arrays)
    count, points = len(Arrays(offsets=offsets)), int(offsets[-1])
    for name, array in arrays.items():
        if len(array) not in (count, points):
            raise ValueError(f"array {name!r} has {len(array)} rows, expected {count} (events) or {points} (points)")
    return Arrays(
        events={name: array for name, array in arrays.items() if len(array) == count != points},
        points={name: array for name, array in arrays.items() if len(array) == points},
        offsets=offsets,
    )


class FileDataModule(InMemoryDataModule):
    """Serve the events of one ``.npz`` file, split at random into training, validation and test events.

    Args:
        path: The file; its array ``x`` is the input, ``y`` the target, others are served by their names.
        in_shape: Shape of one ``x``, without the dimension of events or points; checked.
        out_shape: Shape of one output of the network.
        fractions: Parts of the events for training, validation and test.
        batch_size: Events in a batch, in each process.
        seed: Seed of the split and of the order.
        fold: Makes this training one of a cross-validation: says which of all events but those for the test validate.
            What belongs together, such as the states of a trajectory, must be one event of the file.

    Raises:
        ValueError: The fractions do not add up to 1.
    """

    def __init__(
        self,
        path: str,
        in_shape: list[int],
        out_shape: list[int],
        fractions: tuple[float, float, float] = (0.8, 0.1, 0.1),
        batch_size: int = 128,
        seed: int = 0,
        fold: Fold | None = None,
    ) -> None:
        super().__init__(in_shape, out_shape, batch_size, seed, fold)
        self.path, self._edges = path, split_edges(fractions)

    def split(self, name: str) -> Arrays:
        """Return the events of the split ``train``, ``validation`` or ``test``; read when first asked for."""
        if not self._splits:
            arrays = checked(read_arrays(self.path), self.in_shape, self.path)
            order = torch.randperm(len(arrays), generator=torch.Generator().manual_seed(self.seed))
            edges = [round(edge * len(arrays)) for edge in self._edges.tolist()]
            parts = [order[start:stop] for start, stop in pairwise(edges)]
            if self.fold is not None:
                rest = order[: edges[2]]
                parts[:2] = (rest[part] for part in self.fold.split(np.arange(len(rest)), self.seed))
            self._splits = {split: arrays.select(part) for split, part in zip(SPLITS, parts, strict=True)}
        return self._splits[name]
