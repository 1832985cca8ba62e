"""Events in Parquet files."""

from pathlib import Path

import numpy as np

from physml.data.arrays import Arrays, as_tensor
from physml.data.event_file import Column, EventFile, SchemaError, brought_by


class ParquetFile(EventFile):
    """A table with one row per event.

    A column of numbers or of fixed-size lists (nested for matrices) is per event; a column of lists, of numbers or of
    fixed-size lists, is per point, and the lists of one row have equal lengths. Row groups are the unit of reading: a
    file of many events needs row groups that fit into memory (thousands of events, not millions). No entry may be null.

    Raises:
        SchemaError: A column has null entries, or lists of one event have different lengths.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        with brought_by("files"):
            import pyarrow
            import pyarrow.parquet
        self._arrow = pyarrow
        self._file = pyarrow.parquet.ParquetFile(path)
        meta = self._file.metadata
        self.count = meta.num_rows
        self.edges = np.cumsum([0, *(meta.row_group(i).num_rows for i in range(meta.num_row_groups))]).tolist()
        self.columns = {field.name: self._column(field.type) for field in self._file.schema_arrow}

    def read(self, names: list[str], start: int, stop: int) -> Arrays:
        """Return the columns `names` of the events ``start:stop``."""
        first = int(np.searchsorted(self.edges, start, side="right")) - 1
        last = int(np.searchsorted(self.edges, stop, side="left"))
        table = self._file.read_row_groups(range(first, last), columns=names, use_threads=False)
        table = table.slice(start - self.edges[first], stop - start)
        events, points, offsets = {}, {}, None
        for name in names:
            values = table.column(name).combine_chunks()
            if not self.columns[name].per_point:
                events[name] = self._tensor(name, values)
                continue
            self._refuse_null(name, values)
            marks = values.offsets.to_numpy().astype(np.int64)
            if offsets is None:
                offsets, leader = marks - marks[0], name
            elif not np.array_equal(marks - marks[0], offsets):
                raise SchemaError(
                    f"{self.path}: column {name!r} has lists of other lengths than {leader!r} in events "
                    f"{start}–{stop - 1}, expected equally many points: leave one out of data.arrays"
                )
            points[name] = self._tensor(name, values.flatten())
        return Arrays(events, points, None if offsets is None else as_tensor(offsets))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _column(self, kind) -> Column:
        types = self._arrow.types
        per_point = types.is_list(kind) or types.is_large_list(kind)
        if per_point:
            kind = kind.value_type
        shape = []
        while types.is_fixed_size_list(kind):
            shape.append(kind.list_size)
            kind = kind.value_type
        number = types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)
        return Column(np.dtype(kind.to_pandas_dtype()).name if number else str(kind), tuple(shape), per_point)

    def _tensor(self, name: str, values):
        shape = (len(values), *self.columns[name].shape)
        self._refuse_null(name, values)
        while self._arrow.types.is_fixed_size_list(values.type):
            values = values.flatten()
            self._refuse_null(name, values)
        return as_tensor(values.to_numpy(zero_copy_only=False).reshape(shape))

    def _refuse_null(self, name: str, values) -> None:
        if values.null_count:
            raise SchemaError(
                f"{self.path}: column {name!r} has {values.null_count} null entries, expected numbers: "
                "fill or drop them"
            )
