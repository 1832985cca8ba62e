import numpy as np
import pytest
import torch

from physml.data.files import FileDataModule, read_arrays


def write(path, **arrays):
    np.savez(path, **arrays)
    return path


def test_numbers_become_float32_and_int64(tmp_path):
    path = write(tmp_path / "a.npz", x=np.zeros((4, 2)), y=np.arange(4, dtype=np.uint8), good=np.ones(4, dtype=bool))
    arrays = read_arrays(path)
    assert {name: array.dtype for name, array in arrays.events.items()} == {
        "x": torch.float32,
        "y": torch.int64,
        "good": torch.int64,
    }


def test_ragged_events_are_told_by_their_rows(tmp_path):
    path = write(tmp_path / "a.npz", x=np.zeros((5, 2)), energy=np.zeros(2), offsets=np.array([0, 2, 5]))
    arrays = read_arrays(path)
    assert (list(arrays.events), list(arrays.points), len(arrays)) == (["energy"], ["x"], 2)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": np.zeros((4, 2)), "offsets": np.array([0, 2, 5])}, r"array 'x' has 4 rows, expected 2 \(events\) or 5"),
        ({"x": np.array(["a", "b"])}, "elements of type <U1, expected real numbers"),
        ({"x": np.zeros(2, dtype=complex)}, "elements of type complex128, expected real numbers"),
        ({"x": np.array([{}, {}], dtype=object)}, "cannot be read"),
        (
            {"x": np.zeros((4, 2)), "count": np.array(3.0)},
            "array 'count' is a single number, expected one row",
        ),
        ({"x": np.zeros((4, 2)), "y": np.zeros(3)}, "array 'y' has 3 events, expected 4"),
        ({"x": np.zeros((4, 2)), "offsets": np.array([0, 4, 3])}, "offsets"),
        ({"x": np.zeros((4, 2)), "offsets": np.array(4)}, "array 'offsets' is a single number"),
    ],
)
def test_arrays_that_are_no_events(tmp_path, arrays, message):
    path = write(tmp_path / "a.npz", **arrays)
    with pytest.raises(ValueError, match=message) as refusal:
        read_arrays(path)
    assert str(path) in str(refusal.value)


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"b\.npz: no such file: expected an \.npz archive"):
        read_arrays(tmp_path / "b.npz")


@pytest.mark.parametrize("part", [0.0, 0.3, 0.6, 0.95])
def test_a_truncated_file(tmp_path, part):
    path = write(tmp_path / "a.npz", x=np.random.default_rng(0).normal(size=(50, 3)))
    content = path.read_bytes()
    path.write_bytes(content[: int(part * len(content))])
    with pytest.raises(ValueError, match=r"cannot be read as an \.npz archive of numbers .*: it is truncated"):
        read_arrays(path)


def test_a_damaged_file(tmp_path):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, x=np.random.default_rng(0).normal(size=(50, 3)))
    content = bytearray(path.read_bytes())
    content[200:260] = bytes(60)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"cannot be read as an \.npz archive of numbers"):
        read_arrays(path)


def test_a_file_of_another_kind(tmp_path):
    for name, content in (("text.npz", b"x,y\n1,2\n"), ("array.npz", None)):
        path = tmp_path / name
        if content is None:
            with path.open("wb") as file:
                np.save(file, np.zeros(3))
        else:
            path.write_bytes(content)
        with pytest.raises(ValueError, match=r"cannot be read as an \.npz archive"):
            read_arrays(path)


@pytest.fixture
def module(tmp_path):
    path = write(tmp_path / "a.npz", x=np.arange(100.0)[:, None], y=np.arange(100))
    return FileDataModule(str(path), in_shape=[1], out_shape=[], batch_size=10)


def test_splits_share_no_event_and_lose_none(module):
    splits = {name: set(module.split(name).events["y"].tolist()) for name in ("train", "validation", "test")}
    assert [len(split) for split in splits.values()] == [80, 10, 10]
    assert set.union(*splits.values()) == set(range(100))


def test_the_split_depends_on_the_seed_only(module):
    same = FileDataModule(module.path, [1], [], batch_size=3)
    other = FileDataModule(module.path, [1], [], seed=1)
    assert torch.equal(module.split("test").events["y"], same.split("test").events["y"])
    assert not torch.equal(module.split("test").events["y"], other.split("test").events["y"])


def test_rows_of_arrays_stay_together(module):
    for batch in module.train_dataloader():
        assert torch.equal(batch["x"][:, 0].long(), batch["y"])


def test_ragged_events_are_split_whole(tmp_path):
    counts = np.arange(1, 21)
    offsets = np.concatenate([[0], counts.cumsum()])
    owner = np.repeat(np.arange(20), counts)
    path = write(tmp_path / "a.npz", x=owner[:, None] * 1.0, y=np.arange(20), offsets=offsets)
    module = FileDataModule(str(path), in_shape=[1], out_shape=[], batch_size=4)
    for batch in (*module.train_dataloader(), *module.val_dataloader(), *module.test_dataloader()):
        assert torch.equal(batch["x"][:, 0].long(), batch["y"].repeat_interleave(batch["offsets"].diff()))
        assert torch.equal(batch["offsets"].diff(), batch["y"] + 1)


def test_fractions_that_do_not_add_up():
    with pytest.raises(ValueError, match=r"data\.fractions is .*, expected three positive parts that add up to 1"):
        FileDataModule("a.npz", [1], [], fractions=[0.5, 0.5, 0.5])


def test_a_nan_in_the_file(tmp_path):
    path = write(tmp_path / "a.npz", x=np.array([[1.0], [np.nan]]))
    with pytest.raises(ValueError, match="array 'x' holds NaN or infinity in 1 of 2 rows"):
        FileDataModule(str(path), [1], []).split("train")


def test_too_few_events_for_one_batch(module):
    with pytest.raises(ValueError, match="80 events make no batch of 1000"):
        FileDataModule(module.path, [1], [], batch_size=1000).train_dataloader()
