import numpy as np
import pytest
import torch

from physml.data.arrays import Arrays
from physml.data.module import ArrayDataModule


class Noise:
    """Counts how often it is asked."""

    def __init__(self, scale=1.0):
        self.scale, self.calls = scale, []

    def __call__(self, count, rng):
        self.calls.append(count)
        return Arrays(events={"x": torch.tensor(self.scale * rng.normal(size=(count, 2)), dtype=torch.float32)})


def module(source=None, **changes):
    settings = {"in_shape": [2], "out_shape": [], "train": 30, "validation": 7, "test": 9, "batch_size": 4} | changes
    return ArrayDataModule(source or Noise(), **settings)


def values(data, name):
    return data.split(name).events["x"]


def test_splits_have_the_sizes_asked_for_and_no_event_in_common():
    data = module()
    splits = [values(data, name) for name in ("train", "validation", "test")]
    assert [len(split) for split in splits] == [30, 7, 9]
    assert len(torch.cat(splits).unique(dim=0)) == 46


def test_events_are_drawn_when_first_asked_for_and_once():
    source = Noise()
    data = module(source)
    assert source.calls == []
    data.split("test")
    data.split("test")
    assert source.calls == [9]


def test_the_same_seed_gives_the_same_events():
    assert torch.equal(values(module(), "train"), values(module(), "train"))
    assert not torch.equal(values(module(), "train"), values(module(seed=1), "train"))


def test_more_training_events_leave_the_test_events_as_they_were():
    assert torch.equal(values(module(), "test"), values(module(train=50, validation=2), "test"))


def test_the_global_generators_are_left_alone():
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    values(module(), "train")
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002


def test_test_events_of_another_kind():
    data = module(test_source=Noise(scale=100.0))
    assert values(data, "test").abs().max() > 50 > values(data, "validation").abs().max()


def test_loaders_shuffle_training_events_only():
    data = module()
    assert [len(batch["x"]) for batch in data.train_dataloader()] == [4] * 7
    assert torch.equal(torch.cat([batch["x"] for batch in data.val_dataloader()]), values(data, "validation"))
    assert torch.equal(torch.cat([batch["x"] for batch in data.test_dataloader()]), values(data, "test"))
    order = torch.cat([batch["x"] for batch in data.train_dataloader()])
    assert not torch.equal(order, values(data, "train")[:28])


def test_a_source_of_another_shape():
    with pytest.raises(ValueError, match=r"train data: x has shape \[2\] per event, expected \[3\]"):
        module(in_shape=[3]).train_dataloader()
