"""Writing events part by part to HDF5, Parquet and ROOT files.

It is not a part of `physml.data`, whose functions a stranger's run directory may name: none of those writes a file.
"""

import os
from collections.abc import Callable, Iterable
from typing import BinaryIO

import numpy as np

from physml.data.arrays import Arrays
from physml.data.event_file import brought_by


def write_hdf5(file: BinaryIO, parts: Iterable[Arrays]) -> None:
    """Write events, given part by part, as a file that `HDF5File` reads."""
    with brought_by("files"):
        import h5py
    with h5py.File(file, "w") as output:
        for arrays in parts:
            for per, columns in (("event", arrays.events), ("point", arrays.points)):
                for name, array in columns.items():
                    _append(output, name, array.numpy())
                    output[name].attrs.setdefault("per", per)
            if arrays.offsets is not None:
                before = output["offsets"][-1] if "offsets" in output else 0
                _append(output, "offsets", (before + arrays.offsets.numpy())[1 if "offsets" in output else 0 :])


def _append(output, name: str, rows: np.ndarray) -> None:
    if name not in output:
        output.create_dataset(name, data=rows, maxshape=(None, *rows.shape[1:]), chunks=True)
        return
    data = output[name]
    data.resize(len(data) + len(rows), axis=0)
    data[len(data) - len(rows) :] = rows


def write_parquet(file: BinaryIO, parts: Iterable[Arrays]) -> None:
    """Write events, given part by part, as a file that `ParquetFile` reads; each part is a row group."""
    with brought_by("files"):
        import pyarrow as arrow
        from pyarrow import parquet
    writer = None
    for arrays in parts:
        columns = {name: _fixed(arrow, array.numpy()) for name, array in arrays.events.items()}
        for name, array in arrays.points.items():
            columns[name] = arrow.LargeListArray.from_arrays(arrays.offsets.numpy(), _fixed(arrow, array.numpy()))
        table = arrow.table(columns)
        writer = writer or parquet.ParquetWriter(file, table.schema)
        writer.write_table(table, row_group_size=max(1, len(arrays)))
    if writer is not None:
        writer.close()


def _fixed(arrow, array: np.ndarray):
    values = arrow.array(array.reshape(-1))
    for size in reversed(array.shape[1:]):
        values = arrow.FixedSizeListArray.from_arrays(values, size)
    return values


def write_root(file: BinaryIO, parts: Iterable[Arrays]) -> None:
    """Write events, given part by part, as an RNTuple ``events`` that `ROOTFile` reads; each part is a cluster."""
    with brought_by("hep"):
        import awkward
        import uproot
    own = os.fdopen(os.dup(file.fileno()), "r+b")  # uproot closes what it is given
    with uproot.recreate(own) as output:
        ntuple = None
        for arrays in parts:
            columns = {
                name: awkward.from_numpy(array.numpy(), regulararray=True) for name, array in arrays.events.items()
            }
            for name, array in arrays.points.items():
                points = awkward.from_numpy(array.numpy(), regulararray=True)
                columns[name] = awkward.unflatten(points, arrays.offsets.diff().numpy())
            record = awkward.zip(columns, depth_limit=1)
            if ntuple is None:
                ntuple = output.mkrntuple("events", record)
            else:
                ntuple.extend(record)


WRITERS: dict[str, Callable[[BinaryIO, Iterable[Arrays]], None]] = {
    ".h5": write_hdf5,
    ".hdf5": write_hdf5,
    ".parquet": write_parquet,
    ".root": write_root,
}
