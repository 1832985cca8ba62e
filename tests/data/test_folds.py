from itertools import chain, pairwise

import numpy as np
import pytest
import torch

from physml.data.arrays import Arrays
from physml.data.collocation import MeasuredSource
from physml.data.equations_of_motion import StateSource
from physml.data.files import FileDataModule
from physml.data.fluid import WaterSource
from physml.data.folds import Fold
from physml.data.lorenz import LorenzSource
from physml.data.module import ArrayDataModule
from physml.data.showers import ShowerSource
from physml.physics import spring


def numbered(count, rng):
    """Events that carry a number of their own, ragged, with as many points as their number modulo 3."""
    number = torch.arange(count)
    sizes = number % 3
    offsets = torch.cat([torch.zeros(1, dtype=torch.int64), sizes.cumsum(0)])
    owner = torch.repeat_interleave(number, sizes)
    return Arrays({"number": number}, {"x": owner[:, None].float()}, offsets)


def module(source=numbered, fold=None, **changes):
    settings = {"in_shape": [1], "out_shape": [], "train": 30, "validation": 7, "test": 9, "batch_size": 4} | changes
    return ArrayDataModule(source, fold=fold, **settings)


def numbers(data, name):
    return data.split(name).events["number"].tolist()


def turns(make, of):
    return [make(Fold(number, of)) for number in range(of)]


def test_each_event_validates_in_one_turn_and_trains_in_all_others():
    folds = turns(lambda fold: module(fold=fold), 5)
    assert sorted(chain(*(numbers(data, "validation") for data in folds))) == list(range(37))
    for data in folds:
        assert sorted(numbers(data, "train") + numbers(data, "validation")) == list(range(37))
        assert len(numbers(data, "validation")) in (7, 8)


def test_the_folds_are_drawn_and_depend_on_the_seed_alone():
    first = numbers(module(fold=Fold(0, 5)), "validation")
    assert first == numbers(module(fold=Fold(0, 5), batch_size=1, test=3), "validation")
    assert first != numbers(module(fold=Fold(0, 5), seed=1), "validation")
    assert first not in (list(range(len(first))), list(range(0, 37, 5)))


def test_the_points_of_a_ragged_event_stay_with_it():
    for data in turns(lambda fold: module(fold=fold), 3):
        for name in ("train", "validation"):
            events = data.split(name)
            owner = torch.repeat_interleave(events.events["number"], events.offsets.diff())
            assert torch.equal(events.points["x"][:, 0], owner.float())


def test_the_test_events_stay_as_they_are():
    def data(fold=None):
        return module(ShowerSource(), fold, in_shape=[5], out_shape=[2], train=4, validation=2, test=3)

    expected = data().split("test")
    for folded in turns(data, 3):
        assert torch.equal(folded.split("test").points["x"], expected.points["x"])


def test_the_order_in_which_splits_are_asked_for_does_not_matter():
    forth, back = module(fold=Fold(1, 3)), module(fold=Fold(1, 3))
    expected = [numbers(forth, name) for name in ("train", "validation", "test")]
    assert [numbers(back, name) for name in ("test", "validation", "train")] == expected[::-1]


@pytest.mark.parametrize(
    ("source", "length"),
    [
        (StateSource(lambda rng, count, steps: spring.simulate(rng, count, steps=steps), states=6), 6),
        (WaterSource(windows=4, frames=10), 4),
    ],
)
def test_no_trajectory_is_in_two_parts(source, length):
    def events(arrays):
        owned = arrays.events if arrays.offsets is None else arrays.points
        cuts = range(len(arrays) + 1) if arrays.offsets is None else arrays.offsets.tolist()
        return [owned["x"][start:stop] for start, stop in pairwise(cuts)]

    shape = list(events(source(1, np.random.default_rng(0)))[0].shape[1:])
    settings = {"in_shape": shape, "train": 5 * length, "validation": 3 * length - 2}
    # The draw of a cross-validation, once more, in its own order.
    stream = np.random.SeedSequence(0).spawn(3)[0]
    whole = events(source(8 * length - 2, np.random.default_rng(stream)))
    for data in turns(lambda fold: module(source, fold, **settings), 4):
        found = []
        for name in ("train", "validation"):
            part = events(data.split(name))
            places = [next(n for n, event in enumerate(whole) if torch.equal(event, wanted)) for wanted in part]
            found.append({place // length for place in places})
        assert found[0].isdisjoint(found[1])
        assert found[0] | found[1] == set(range(8))
        assert len(found[1]) == 2


def test_the_pieces_of_one_trajectory_cannot_be_folded():
    data = module(LorenzSource(samples=3), Fold(0, 5), in_shape=[3, 3])
    with pytest.raises(ValueError, match="5 folds need as many independent events or trajectories, got 1: lower"):
        data.split("train")


def test_points_of_a_grid_that_is_measured_in_one_draw_do_not_come_back_in_another_fold():
    grid = {"x": np.arange(6.0), "t": np.arange(5.0), "u": np.arange(30.0).reshape(6, 5)}
    source = MeasuredSource(lambda: grid)
    settings = {"in_shape": [2], "train": 20, "validation": 10}
    values = [data.split("validation").events["y"] for data in turns(lambda f: module(source, f, **settings), 3)]
    assert len(torch.cat(values).unique()) == 30


@pytest.mark.parametrize("fractions", [(0.6, 0.2, 0.2), (0.5, 0.3, 0.2)])
def test_the_events_of_a_file(tmp_path, fractions):
    np.savez(tmp_path / "a.npz", x=np.arange(50.0)[:, None])

    def events(data, name):
        return data.split(name).events["x"].flatten().tolist()

    def make(fold=None):
        return FileDataModule(str(tmp_path / "a.npz"), [1], [], fractions, fold=fold)

    plain, folds = make(), turns(make, 4)
    rest = sorted(events(plain, "train") + events(plain, "validation"))
    assert sorted(chain(*(events(data, "validation") for data in folds))) == rest
    for data in folds:
        assert sorted(events(data, "train") + events(data, "validation")) == rest
        assert events(data, "test") == events(plain, "test")


@pytest.mark.parametrize(
    ("number", "of", "message"),
    [
        (0, 1, r"data\.fold\.of is 1, expected 2 folds or more"),
        (5, 5, r"data\.fold\.number is 5, expected one of 0 to 4"),
        (-1, 5, r"data\.fold\.number is -1, expected one of 0 to 4"),
    ],
)
def test_folds_that_are_none(number, of, message):
    with pytest.raises(ValueError, match=message):
        Fold(number, of)


def test_more_folds_than_events():
    with pytest.raises(ValueError, match="38 folds need as many independent events or trajectories, got 37"):
        module(fold=Fold(0, 38)).split("train")
