import pytest
import torch

from physml.data.arrays import Arrays
from physml.data.stream import StreamDataModule
from physml.runs.event_writers import WRITERS

pytest.importorskip("h5py")


def write(path, *sizes, first=0):
    parts = []
    for size in sizes:
        number = torch.arange(first, first + size)
        parts.append(Arrays({"x": number.float()[:, None], "y": number}))
        first += size
    with path.open("w+b") as file:
        WRITERS[path.suffix](file, iter(parts))
    return str(path)


def numbers(loader):
    return [int(number) for batch in loader for number in batch["y"]]


def loaders(module):
    return module.train_dataloader(), module.val_dataloader(), module.test_dataloader()


# The fractions are rounded in each block: 25 events at once (33 asked for) give 20, 2 and 3.
@pytest.mark.parametrize(("block_size", "sizes"), [(10, [80, 10, 10]), (33, [80, 8, 12]), (1000, [80, 10, 10])])
def test_splits_share_no_event_and_lose_none(tmp_path, block_size, sizes):
    path = write(tmp_path / "a.h5", 100)
    module = StreamDataModule(path, [1], [], batch_size=1, block_size=block_size)
    train, validation, test = (set(numbers(loader)) for loader in loaders(module))
    assert [len(train), len(validation), len(test)] == sizes
    assert train | validation | test == set(range(100))


def test_splits_of_one_file_come_from_all_of_it(tmp_path):
    module = StreamDataModule(write(tmp_path / "a.h5", 1000), [1], [], batch_size=10, block_size=100)
    assert {number // 100 for number in numbers(module.test_dataloader())} == set(range(10))


def test_splits_with_files_of_their_own(tmp_path):
    write(tmp_path / "train_1.h5", 30)
    write(tmp_path / "train_2.h5", 30, first=30)
    module = StreamDataModule(
        str(tmp_path / "train_*.h5"),
        [1],
        [],
        validation_path=write(tmp_path / "validation.h5", 10, first=60),
        test_path=[write(tmp_path / "test.h5", 10, first=70)],
        batch_size=5,
        block_size=8,
    )
    train, validation, test = map(numbers, loaders(module))
    assert sorted(train) == list(range(60))
    assert train != sorted(train)
    assert (validation, test) == (list(range(60, 70)), list(range(70, 80)))


def test_files_too_small_to_be_split(tmp_path):
    for number in range(40):
        write(tmp_path / f"{number}.h5", 4, first=4 * number)
    module = StreamDataModule(str(tmp_path / "*.h5"), [1], [], batch_size=4)
    with pytest.raises(
        ValueError,
        match=r"leaves no events for test: each of the 40 blocks .* largest has 4 events: use larger files .*test_path",
    ):
        module.train_dataloader()


def test_a_transform_makes_the_arrays(tmp_path):
    def squared(arrays):
        return Arrays({"x": arrays.events["x"].square(), "y": arrays.events["y"]})

    module = StreamDataModule(write(tmp_path / "a.h5", 50), [1], [], transform=squared, batch_size=5)
    for batch in module.train_dataloader():
        assert torch.equal(batch["x"][:, 0], batch["y"].float().square())


def test_a_file_of_two_splits_is_refused_and_named_once_is_read_once(tmp_path):
    paths = [write(tmp_path / f"{name}.h5", 10, first=first) for name, first in (("a", 0), ("b", 10), ("c", 20))]
    files = {"validation_path": paths[1], "test_path": paths[2], "batch_size": 5}
    with pytest.raises(ValueError, match=r"b\.h5 holds the events of train and of validation, expected files of"):
        StreamDataModule(str(tmp_path / "*.h5"), [1], [], **files).train_dataloader()
    with pytest.raises(ValueError, match=r"b\.h5 holds the events of validation and of test"):
        StreamDataModule(paths[0], [1], [], **(files | {"test_path": paths[1]})).train_dataloader()
    twice = StreamDataModule([paths[0], f"{tmp_path}/../{tmp_path.name}/a.h5"], [1], [], **files)
    assert sorted(numbers(twice.train_dataloader())) == list(range(10))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fractions": [0.5, 0.5, 0.5]}, r"data\.fractions is .*, expected three positive parts"),
        ({"batch_size": 0}, r"data\.batch_size is 0, expected 1 or more"),
        ({"block_size": 0}, r"data\.block_size is 0, expected 1 or more"),
        ({"buffer": 0}, r"data\.buffer is 0, expected 1 or more"),
        ({"workers": -1}, r"data\.workers is -1, expected 0 or more"),
        ({"test_path": "b.h5"}, r"only one of data\.validation_path and data\.test_path is given: expected both"),
    ],
)
def test_mistakes(options, message):
    with pytest.raises(ValueError, match=message):
        StreamDataModule("a.h5", [1], [], **options)
