import sys
from contextlib import nullcontext

import numpy as np
import pytest
import torch

from physml.data.arrays import Arrays, joined
from physml.data.event_file import SchemaError
from physml.data.event_files import EventFiles
from physml.runs.event_writers import WRITERS

awkward = pytest.importorskip("awkward")
h5py = pytest.importorskip("h5py")
pyarrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")
uproot = pytest.importorskip("uproot")

KINDS = [".h5", ".parquet", ".root"]


def part(first, count, width=3, **more):
    """Events numbered from `first`, the one of number n with n modulo 4 points."""
    event = torch.arange(first, first + count)
    counts = event % 4
    owner = event.repeat_interleave(counts)
    return Arrays(
        {"id": event, "matrix": event.float()[:, None, None] + torch.arange(6.0).reshape(2, 3), **more},
        {"x": owner.float()[:, None] + torch.arange(float(width)), "energy": owner.float()},
        torch.cat([torch.zeros(1, dtype=torch.int64), counts.cumsum(0)]),
    )


def write(path, *parts):
    with path.open("w+b") as file:
        WRITERS[path.suffix](file, iter(parts))
    return path


def whole(files, size):
    return joined([files.read(block) for block in files.blocks(size)])


def assert_equal(one, other):
    assert torch.equal(one.offsets, other.offsets)
    for found, expected in ((one.events, other.events), (one.points, other.points)):
        assert found.keys() == expected.keys()
        assert all(torch.equal(found[name], expected[name]) for name in expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [1, 4, 7, 100])
def test_what_was_written_is_read_whatever_the_size_of_the_blocks(tmp_path, kind, size):
    for number in range(3):
        write(tmp_path / f"{number}{kind}", part(10 * number, 6), part(10 * number + 6, 4))
    files = EventFiles(str(tmp_path / f"*{kind}"), [3])
    assert_equal(whole(files, size), part(0, 30))


@pytest.mark.parametrize("kind", KINDS)
def test_any_range_of_events_can_be_read(tmp_path, kind):
    files = EventFiles(str(write(tmp_path / f"a{kind}", part(0, 6), part(6, 4), part(10, 1))), [3])
    (block,) = files.blocks(100)
    reference = part(0, 11)
    for start, stop in [(0, 1), (2, 9), (5, 6), (5, 7), (6, 10), (10, 11), (4, 5)]:
        found = files.read(block._replace(start=start, stop=stop))
        assert_equal(found, reference.select(torch.arange(start, stop)))


@pytest.mark.parametrize("kind", KINDS)
def test_the_schema_is_known_without_reading(tmp_path, kind):
    files = EventFiles(str(write(tmp_path / f"a{kind}", part(0, 5))), [3])
    assert {name: str(column) for name, column in files.columns.items()} == {
        "id": "int64 [] per event",
        "matrix": "float32 [2, 3] per event",
        "x": "float32 [3] per point",
        "energy": "float32 [] per point",
    }


@pytest.mark.parametrize("kind", KINDS)
def test_columns_are_chosen_renamed_and_stacked(tmp_path, kind):
    path = write(tmp_path / f"a{kind}", part(0, 5))
    files = EventFiles(str(path), [2], arrays={"x": ["energy", "energy"], "number": "id"})
    found, reference = whole(files, 100), part(0, 5)
    assert torch.equal(found.points["x"], reference.points["energy"][:, None].expand(-1, 2))
    assert torch.equal(found.events["number"], reference.events["id"])
    assert (list(found.points), list(found.events)) == (["x"], ["number"])


@pytest.mark.parametrize("kind", KINDS)
def test_events_without_points(tmp_path, kind):
    x = torch.arange(12.0).reshape(6, 2)
    files = EventFiles(str(write(tmp_path / f"a{kind}", Arrays({"x": x[:4]}), Arrays({"x": x[4:]}))), [2])
    assert torch.equal(whole(files, 4).events["x"], x)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"arrays": {"x": "x", "y": "t"}},
            r"column 't' \(data\.arrays\.y\) is missing, expected real or whole numbers; there are energy, id",
        ),
        (
            {"arrays": {"x": ["energy", "id"]}},
            r"column 'id' \(data\.arrays\.x\) is int64 \[\] per event, expected float32 \[\] per point as",
        ),
    ],
)
def test_columns_that_do_not_fit_the_config(tmp_path, kind, options, message):
    path = write(tmp_path / f"a{kind}", part(0, 5))
    with pytest.raises(SchemaError, match=message) as refusal:
        EventFiles(str(path), [3], **options).blocks(10)
    assert str(refusal.value).startswith(f"{path}: ")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("second", "message"),
    [
        (part(0, 5, width=4), r"column 'x' .* is float32 \[4\] per point, expected float32 \[3\] per point as in"),
        (
            part(0, 5, id=torch.zeros(5)),
            r"column 'id' .* is float32 \[\] per event, expected int64 \[\] per event as in",
        ),
        (Arrays({"x": torch.zeros(5, 3)}), r"column '\w+' .* is missing, expected .*; there are x"),
    ],
)
def test_a_file_of_another_schema(tmp_path, kind, second, message):
    write(tmp_path / f"a{kind}", part(0, 5))
    other = write(tmp_path / f"b{kind}", second)
    with pytest.raises(SchemaError, match=message) as refusal:
        EventFiles(str(tmp_path / f"*{kind}"), [3]).blocks(10)
    assert str(refusal.value).startswith(f"{other}: ")
    assert len(str(refusal.value).splitlines()) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_text_is_no_number(tmp_path, kind):
    path = tmp_path / f"a{kind}"
    words = ["a", "b"]
    if kind == ".h5":
        with h5py.File(path, "w") as file:
            file["name"] = words
    elif kind == ".parquet":
        parquet.write_table(pyarrow.table({"name": words}), path)
    else:
        with uproot.recreate(path) as file:
            file.mktree("events", {"name": "string"}).extend({"name": awkward.Array(words)})
    with pytest.raises(SchemaError, match=r"column 'name' .* is .*, expected real or whole numbers: leave it out"):
        EventFiles(str(path), []).blocks(10)


@pytest.mark.parametrize(
    "column",
    [
        pyarrow.array([{"a": 1, "b": 0.5}]),
        pyarrow.array([1], pyarrow.decimal128(3, 2)),
        pyarrow.array([[("a", 1)]], pyarrow.map_(pyarrow.string(), pyarrow.int64())),
        pyarrow.array(["a"]).dictionary_encode(),
    ],
    ids=["struct", "decimal", "map", "dictionary"],
)
def test_types_whose_name_has_commas_are_no_numbers(tmp_path, column):
    parquet.write_table(pyarrow.table({"s": column}), tmp_path / "a.parquet")
    with pytest.raises(SchemaError, match=r"a\.parquet: column 's' .* is .*, expected real or whole numbers: leave it"):
        EventFiles(str(tmp_path / "a.parquet"), []).blocks(10)


@pytest.mark.parametrize("kind", KINDS)
def test_a_nan_is_found_with_its_file_column_and_events(tmp_path, kind):
    bad = part(8, 4)
    bad.points["energy"][2] = torch.nan
    path = write(tmp_path / f"a{kind}", part(0, 4), part(4, 4), bad)
    files = EventFiles(str(path), [3])
    first, *_, last = files.blocks(4)
    files.read(first)
    with pytest.raises(
        ValueError, match=r"events 8–11: array 'energy' holds NaN or infinity in 1 of 6 rows"
    ) as refusal:
        files.read(last)
    assert str(refusal.value).startswith(str(path))


@pytest.mark.parametrize("kind", KINDS)
def test_x_of_another_shape_than_declared(tmp_path, kind):
    files = EventFiles(str(write(tmp_path / f"a{kind}", part(0, 5))), [4])
    with pytest.raises(ValueError, match=r"x has shape \[3\] per event, expected \[4\]: use data of this shape"):
        whole(files, 10)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.95])
def test_a_truncated_file(tmp_path, kind, share):
    path = write(tmp_path / f"a{kind}", *(part(100 * number, 100) for number in range(5)))
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match=rf"a\{kind}: cannot be read as {kind[1:]} \(.*\): it is truncated") as refusal:
        whole(EventFiles(str(path), [3]), 100)
    assert len(str(refusal.value).splitlines()) == 1


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"b\*\.h5: no such file: expected a file or a pattern"):
        EventFiles(str(tmp_path / "b*.h5"), [3])


def test_a_folder_is_no_file_of_events(tmp_path):
    with pytest.raises(FileNotFoundError, match=r": a folder: expected a file or a pattern such as"):
        EventFiles(str(tmp_path), [3])


def test_what_a_transform_has_spoilt_is_not_blamed_on_the_columns(tmp_path):
    def logarithm(arrays):
        return Arrays(arrays.events, {"x": (arrays.points["x"] - 3).log()}, arrays.offsets)

    files = EventFiles(str(write(tmp_path / "a.h5", part(0, 5))), [3], transform=logarithm)
    with pytest.raises(ValueError, match=r"a\.h5, events 0–4, after data\.transform: array 'x' holds NaN"):
        files.read(files.blocks(5)[0])


def test_what_a_transform_refuses_is_told_with_its_file_and_events(tmp_path):
    def refuse(arrays):
        raise ValueError("expected more")

    files = EventFiles(str(write(tmp_path / "a.h5", part(0, 5))), [3], transform=refuse)
    with pytest.raises(ValueError, match=r"a\.h5, events 0–4: expected more"):
        files.read(files.blocks(5)[0])


@pytest.mark.parametrize(
    ("path", "arrays", "message"),
    [
        ([], None, r"data\.path is empty, expected a file"),
        ("a.h5", {"x": "x", "y": []}, r"data\.arrays\.y is empty, expected one column or a list of them"),
    ],
)
def test_nothing_is_named(path, arrays, message):
    with pytest.raises(ValueError, match=message):
        EventFiles(path, [3], arrays)


def test_a_file_of_an_unknown_kind(tmp_path):
    (tmp_path / "a.csv").write_text("x\n1\n")
    with pytest.raises(ValueError, match=r"a\.csv: the ending '\.csv' tells no kind of file, expected \.h5"):
        EventFiles(str(tmp_path / "a.csv"), [3])


@pytest.mark.parametrize("trick", ["soft", "external", "stored elsewhere", "virtual", "group"])
def test_hdf5_reads_nothing_outside_the_file(tmp_path, trick):
    write(tmp_path / "secret.h5", part(0, 5))
    (tmp_path / "secret.bin").write_bytes(bytes(40))
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["x"] = np.zeros(5)
        if trick == "soft":
            file["y"] = h5py.SoftLink("/x")
        elif trick == "external":
            file["y"] = h5py.ExternalLink("secret.h5", "/id")
        elif trick == "stored elsewhere":
            file.create_dataset("y", (5,), "f8", external=[(str(tmp_path / "secret.bin"), 0, 40)])
        elif trick == "virtual":
            layout = h5py.VirtualLayout((5,), "i8")
            layout[:] = h5py.VirtualSource(str(tmp_path / "secret.h5"), "id", (5,))
            file.create_virtual_dataset("y", layout)
        else:
            file.create_group("y")
    with pytest.raises(SchemaError, match="'y' is no array within the file, expected datasets in its root group"):
        EventFiles(str(path), [])


def test_hdf5_rows_that_belong_to_nothing(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"], file["y"], file["offsets"] = np.zeros((5, 3)), np.zeros(4), np.array([0, 2, 5])
    with pytest.raises(SchemaError, match=r"column 'y' has 4 rows, expected 2 \(events\) or 5 \(points\)"):
        EventFiles(str(tmp_path / "a.h5"), [3])


@pytest.mark.parametrize(
    ("offsets", "message"),
    [
        (np.array([0.0, 2.5, 5.0]), r"offsets of type float64 and shape \[3\] mark no events, expected whole numbers"),
        (np.array([[0, 2, 5]]), r"offsets of type int64 and shape \[1, 3\] mark no events"),
        (np.array([], dtype=int), r"offsets of type int64 and shape \[0\] mark no events"),
        (np.array([1, 2, 5]), r"offsets that start with 1 mark no events, .* that start with 0 and never fall"),
        (np.array([0, 7, 5]), r"offsets that fall in events 0–1 mark no events"),
    ],
)
def test_hdf5_offsets_that_mark_no_events(tmp_path, offsets, message):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"], file["offsets"] = np.zeros((5, 3)), offsets
    with pytest.raises(SchemaError, match=message) as refusal:
        whole(EventFiles(str(tmp_path / "a.h5"), [3]), 10)
    assert len(str(refusal.value).splitlines()) == 1


def test_as_many_points_as_events(tmp_path):
    one = Arrays({"id": torch.arange(3)}, {"x": torch.arange(3.0)}, torch.tensor([0, 2, 2, 3]))
    path = write(tmp_path / "a.h5", one)
    assert_equal(whole(EventFiles(str(path), []), 10), one)
    with h5py.File(path, "r+") as file:
        file["x"].attrs["per"] = np.bytes_("point")  # as libraries of other languages write it
    assert_equal(whole(EventFiles(str(path), []), 10), one)
    with h5py.File(path, "r+") as file:
        del file["x"].attrs["per"]
    with pytest.raises(SchemaError, match=r"column 'x' has 3 rows, as many as events and as points, .* attribute"):
        EventFiles(str(path), [])


def test_the_number_of_rows_tells_where_it_can(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"], file["y"], file["offsets"] = np.zeros((5, 3)), np.zeros(2), np.array([0, 2, 5])
    columns = EventFiles(str(tmp_path / "a.h5"), [3]).columns
    assert {name: column.per_point for name, column in columns.items()} == {"x": True, "y": False}


@pytest.mark.parametrize(("offsets", "expected"), [(True, r"2 \(events\) or 5 \(points\)"), (False, r"2 \(events\)")])
def test_an_attribute_that_does_not_fit_the_rows(tmp_path, offsets, expected):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = np.zeros((2, 3))
        file["x"].attrs["per"] = "point"
        if offsets:
            file["offsets"] = np.array([0, 2, 5])
    with pytest.raises(SchemaError, match=rf"'x' has 2 rows and the attribute per='point', expected {expected}"):
        EventFiles(str(tmp_path / "a.h5"), [3])


def test_parquet_null_entries(tmp_path):
    parquet.write_table(pyarrow.table({"x": [1.0, None]}), tmp_path / "a.parquet")
    with pytest.raises(SchemaError, match="column 'x' has 1 null entries, expected numbers: fill or drop them"):
        whole(EventFiles(str(tmp_path / "a.parquet"), []), 10)


@pytest.mark.parametrize(("group", "warns"), [(1000, False), (1001, True)])
def test_huge_row_groups(tmp_path, group, warns):
    path = tmp_path / "a.parquet"
    parquet.write_table(pyarrow.table({"x": np.zeros(2500)}), path, row_group_size=group)
    files = EventFiles(str(path), [])
    message = r"a\.parquet: its groups make blocks of up to 1001 events, .* data\.block_size=100: .*row_group_size"
    with pytest.warns(UserWarning, match=message) if warns else nullcontext():
        assert [block.events for block in files.blocks(100)] == [group, group, 2500 - 2 * group]


def test_lists_of_different_lengths(tmp_path):
    table = {"x": [[1.0], [2.0, 3.0]], "jets": [[1.0, 2.0], [3.0]]}
    parquet.write_table(pyarrow.table(table), tmp_path / "a.parquet")
    with uproot.recreate(tmp_path / "a.root") as file:
        file.mktree("events", dict.fromkeys(table, "var * float64")).extend(
            {name: awkward.Array(rows) for name, rows in table.items()}
        )
    for kind in (".parquet", ".root"):
        with pytest.raises(SchemaError, match=r"a\.\w+: column 'x' has .* than 'jets' in events 0–1, expected equally"):
            whole(EventFiles(str(tmp_path / f"a{kind}"), []), 10)
        assert len(whole(EventFiles(str(tmp_path / f"a{kind}"), [], arrays={"x": "x"}), 10)) == 2


def test_a_tree_of_jagged_branches(tmp_path):
    rows = awkward.Array([[1.0, 2.0], [], [3.0]])
    with uproot.recreate(tmp_path / "a.root") as file:
        for name in ("events", "other"):
            file.mktree(name, {"E": "var * float32", "beam": ("f8", (2,))}).extend({"E": rows, "beam": np.ones((3, 2))})
    with pytest.raises(
        SchemaError, match=r"2 trees in it, expected one TTree or RNTuple: name one of events, other as"
    ):
        EventFiles(str(tmp_path / "a.root"), [])
    with pytest.raises(SchemaError, match="no tree 'event' in it"):
        EventFiles(str(tmp_path / "a.root:event"), [])
    files = EventFiles(str(tmp_path / "a.root:events"), [], arrays={"x": "E", "beam": "beam"})
    assert list(files.columns) == ["E", "beam"]
    found = whole(files, 10)
    assert found.offsets.tolist() == [0, 2, 2, 3]
    assert found.points["x"].tolist() == [1.0, 2.0, 3.0]
    assert found.events["beam"].shape == (3, 2)


@pytest.mark.parametrize("name", ["analysis/tree", "analysis/deep/tree.v2", "tree.v2"])
def test_a_tree_in_a_folder_or_with_a_dot(tmp_path, name):
    for number in range(2):
        with uproot.recreate(tmp_path / f"{number}.root") as file:
            file.mktree(name, {"x": "f4"}).extend({"x": np.arange(3.0) + 3 * number})
            file.mktree("other", {"x": "f4"}).extend({"x": np.zeros(3)})
    with pytest.raises(SchemaError, match=rf"2 trees in it, .*: name one of .*{name}"):
        EventFiles(str(tmp_path / "0.root"), [])
    files = EventFiles(str(tmp_path / f"*.root:{name}"), [])
    assert whole(files, 10).events["x"].tolist() == list(range(6))


def test_a_missing_package_names_its_extra(tmp_path, monkeypatch):
    paths = [write(tmp_path / f"a{kind}", part(0, 3)) for kind in KINDS]
    for path, package, extra in zip(paths, ("h5py", "pyarrow", "uproot"), ("files", "files", "hep"), strict=True):
        monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(
            ModuleNotFoundError, match=rf"'{package}' is not installed: pip install \"physml\[{extra}\]"
        ):
            EventFiles(str(path), [3])
