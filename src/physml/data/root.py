"""Events in ROOT files."""

from pathlib import Path

import numpy as np

from physml.data.arrays import Arrays, as_tensor
from physml.data.event_file import Column, EventFile, SchemaError, brought_by


class ROOTFile(EventFile):
    """A TTree or RNTuple with one entry per event.

    A branch of numbers or of arrays of fixed size is per event; a jagged branch, of numbers or of arrays of fixed size,
    is per point, and those read together have equal lengths. Counters of jagged branches are left out. Branches of
    objects or strings are refused unread.

    Args:
        path: The file, as ``FILE.root``, or ``FILE.root:NAME`` or ``FILE.root:FOLDER/NAME`` if it holds several trees.

    Raises:
        SchemaError: There is no such tree, or jagged branches of one event have different lengths.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        with brought_by("hep"):
            import awkward
            import uproot
        self._awkward = awkward
        file, _, name = str(path).partition(".root:")
        self._file = uproot.open(file + ".root" if name else file)
        try:
            self._tree = self._file[self._name(name)]
            self.count = int(self._tree.num_entries)
            self.edges = self._edges()
            self.columns = self._columns(uproot)
        except BaseException:
            self.close()
            raise

    def read(self, names: list[str], start: int, stop: int) -> Arrays:
        """Return the columns `names` of the events ``start:stop``."""
        record = self._tree.arrays(names, entry_start=start, entry_stop=stop)
        events, points, offsets = {}, {}, None
        for name in names:
            array = record[name]
            if not self.columns[name].per_point:
                events[name] = as_tensor(self._awkward.to_numpy(array))
                continue
            counts = self._awkward.to_numpy(self._awkward.num(array))
            if offsets is None:
                offsets, leader = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), name
            elif not np.array_equal(counts, np.diff(offsets)):
                raise SchemaError(
                    f"{self.path}: column {name!r} has other numbers of points than {leader!r} in events "
                    f"{start}–{stop - 1}, expected equally many: leave one out of data.arrays"
                )
            points[name] = as_tensor(self._awkward.to_numpy(self._awkward.flatten(array, axis=1)))
        return Arrays(events, points, None if offsets is None else as_tensor(offsets))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _name(self, name: str) -> str:
        trees = [key for key, kind in self._file.classnames(cycle=False).items() if kind in ("TTree", "ROOT::RNTuple")]
        if name in trees or (not name and len(trees) == 1):
            return name or trees[0]
        found = f"no tree {name!r}" if name else f"{len(trees)} trees"
        raise SchemaError(
            f"{self.path}: {found} in it, expected one TTree or RNTuple: "
            f"name one of {', '.join(trees) or 'none'} as FILE.root:NAME"
        )

    def _edges(self) -> list[int]:
        if hasattr(self._tree, "common_entry_offsets"):
            return [int(edge) for edge in self._tree.common_entry_offsets()]
        return [int(cluster.num_first_entry) for cluster in self._tree.cluster_summaries] + [self.count]

    def _columns(self, uproot) -> dict[str, Column]:
        branches = {name: self._tree[name] for name in self._tree.keys(recursive=False)}
        counted = (getattr(branch, "count_branch", None) for branch in branches.values())
        counters = {counter.name for counter in counted if counter is not None}
        plain = (uproot.AsDtype, uproot.AsJagged)
        columns, wanted = {}, []
        for name, branch in branches.items():
            numeric = isinstance(branch, uproot.TBranch) and isinstance(branch.interpretation, plain)
            if name in counters:
                continue
            if numeric or not isinstance(branch, uproot.TBranch):
                wanted.append(name)
            else:
                columns[name] = Column(branch.typename, (), per_point=False)
        empty = self._tree.arrays(wanted, entry_start=0, entry_stop=0)
        return columns | {name: self._column(empty[name].type.content) for name in wanted}

    def _column(self, kind) -> Column:
        types = self._awkward.types
        per_point = isinstance(kind, types.ListType) and not kind.parameters
        if per_point:
            kind = kind.content
        shape = []
        while isinstance(kind, types.RegularType):
            shape.append(kind.size)
            kind = kind.content
        number = isinstance(kind, types.NumpyType)
        return Column(kind.primitive if number else str(kind), tuple(shape), per_point)
