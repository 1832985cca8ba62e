"""Events in HDF5 files."""

from pathlib import Path

import numpy as np

from physml.data.arrays import Arrays, as_tensor
from physml.data.event_file import Column, EventFile, SchemaError, brought_by


class HDF5File(EventFile):
    """A file of flat datasets in its root group, one per column.

    A dataset ``offsets`` (events + 1,) of whole numbers that start with 0 and never fall marks ragged events: event i
    owns the points ``offsets[i]:offsets[i + 1]``. The attribute ``per`` of a dataset, ``event`` or ``point``, then says
    what its rows belong to; without it the number of rows does, unless there are as many points as events. Without
    ``offsets`` all datasets are per event.

    Only data in the file itself are read: datasets reached by soft or external links, stored externally or virtual are
    refused.

    Raises:
        SchemaError: A dataset is a link or lies elsewhere, offsets mark no events, or numbers of rows do not fit.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        with brought_by("files"):
            import h5py
        self._file = h5py.File(path, "r")
        try:
            self._data = {name: self._own(name, h5py) for name in self._file}
            self._ragged = "offsets" in self._data
            offsets = self._data.pop("offsets", None)
            self._offsets = offsets
            if offsets is not None:
                self._check_offsets()
            if not self._data:
                raise SchemaError(f"{path}: no datasets in its root group, expected one per column")
            self.count = len(next(iter(self._data.values()))) if offsets is None else len(offsets) - 1
            points = -1 if offsets is None else int(offsets[-1])
            self.columns = {name: self._column(name, data, points) for name, data in self._data.items()}
        except BaseException:
            self.close()
            raise

    def read(self, names: list[str], start: int, stop: int) -> Arrays:
        """Return the columns `names` of the events ``start:stop``."""
        events = {name: as_tensor(self._data[name][start:stop]) for name in names if not self.columns[name].per_point}
        if self._offsets is None:
            return Arrays(events)
        offsets = self._offsets[start : stop + 1].astype(np.int64)
        if (np.diff(offsets) < 0).any():
            raise self._no_offsets(f"offsets that fall in events {start}–{stop - 1}")
        rows = slice(int(offsets[0]), int(offsets[-1]))
        points = {name: as_tensor(self._data[name][rows]) for name in names if self.columns[name].per_point}
        return Arrays(events, points, as_tensor(offsets - offsets[0]))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _own(self, name: str, h5py):
        hard = isinstance(self._file.get(name, getlink=True), h5py.HardLink)
        data = self._file[name] if hard else None
        if not isinstance(data, h5py.Dataset) or data.is_virtual or data.external or data.ndim == 0:
            raise SchemaError(
                f"{self.path}: {name!r} is no array within the file, expected datasets in its root group: "
                "leave out groups, links, virtual and external datasets and single numbers"
            )
        return data

    def _check_offsets(self) -> None:
        data = self._offsets
        if data.dtype.kind not in "iu" or data.ndim != 1 or not len(data):
            raise self._no_offsets(f"offsets of type {data.dtype} and shape {list(data.shape)}")
        if data[0] != 0:
            raise self._no_offsets(f"offsets that start with {data[0]}")

    def _no_offsets(self, found: str) -> SchemaError:
        return SchemaError(
            f"{self.path}: {found} mark no events, expected whole numbers of shape [events + 1] that start with 0 and "
            "never fall: write them again"
        )

    def _column(self, name: str, data, points: int) -> Column:
        rows = {"event": self.count, "point": points} if self._ragged else {"event": self.count}
        per = data.attrs.get("per")
        per = per.decode(errors="replace") if isinstance(per, bytes) else str(per)
        marked = per in ("event", "point")
        fitting = [kind for kind in ([per] if marked else rows) if rows.get(kind) == len(data)]
        found = f"{self.path}: column {name!r} has {len(data)} rows"
        if len(fitting) > 1:
            raise SchemaError(
                f"{found}, as many as events and as points, expected to be told which: "
                "give its dataset the attribute 'per', either 'event' or 'point'"
            )
        if not fitting:
            expected = " or ".join(f"{count} ({kind}s)" for kind, count in rows.items())
            raise SchemaError(f"{found}{f' and the attribute per={per!r}' if marked else ''}, expected {expected}")
        return Column(str(data.dtype), data.shape[1:], fitting[0] == "point")
