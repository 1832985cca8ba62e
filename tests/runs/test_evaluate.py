import json
import shutil

import numpy as np
import pytest
import torch
import yaml

from physml.cli.compose import compose_config
from physml.runs.errors import ConfigError
from physml.runs.evaluate import _in_precision_of, _merged, _refuse_another_split, _refuse_what_is_not_tested, evaluate


@pytest.fixture
def copy(toy_run, tmp_path):
    return shutil.copytree(toy_run, tmp_path / "copy")


def settings(run, *overrides):
    return compose_config("eval", [f"run={run}", *overrides])


def test_it_finds_the_numbers_of_the_training(copy, contents):
    before = contents(copy)
    found = evaluate(settings(copy))
    assert found == json.loads((copy / "results.json").read_text())["metrics"]
    after = contents(copy)
    assert {name: after[name] for name in before} == before
    (written,) = after.keys() - before.keys()
    assert written.startswith("evaluations/")
    assert json.loads(after[written])["metrics"] == found
    assert json.loads(after[written])["test_events"] == json.loads((copy / "results.json").read_text())["test_events"]


def test_the_checkpoint_is_read_once(copy, monkeypatch):
    read, plainly = [], torch.load
    monkeypatch.setattr(torch, "load", lambda path, **settings: read.append(path) or plainly(path, **settings))
    evaluate(settings(copy))
    assert read == [copy / "checkpoints" / "best.ckpt"]


def test_each_evaluation_has_its_folder(copy):
    evaluate(settings(copy))
    evaluate(settings(copy))
    assert len(list((copy / "evaluations").iterdir())) == 2


def test_other_data(copy, tmp_path):
    x = np.random.default_rng(1).normal(size=(80, 3)).astype(np.float32)
    np.savez(tmp_path / "other.npz", x=x, y=(x[:, 1] > 0).astype(np.int64))
    before = json.loads((copy / "results.json").read_text())["metrics"]["accuracy"]["value"]
    assert evaluate(settings(copy))["accuracy"]["value"] == pytest.approx(before)
    found = evaluate(settings(copy, f"+data.path={tmp_path / 'other.npz'}"))
    assert found["accuracy"]["value"] != pytest.approx(before)
    assert found.keys() == {"accuracy"}


def test_the_events_of_the_training_are_not_tested_by_another_split(copy, contents):
    before = contents(copy)
    with pytest.raises(ConfigError, match=r"data\.seed: expected that of the training, got 1"):
        evaluate(settings(copy, "+data.seed=1"))
    assert contents(copy) == before


@pytest.mark.parametrize("key", ["fractions", "seed", "block_size"])
def test_another_split_of_the_same_files_is_refused(key):
    trained = {"path": "events.h5", "fractions": [0.8, 0.1, 0.1], "seed": 0}
    with pytest.raises(ConfigError, match=f"data.{key}: expected that of the training, got 40"):
        _refuse_another_split(trained, trained | {key: 40})
    _refuse_another_split(trained, trained | {"batch_size": 3})
    _refuse_another_split(trained, trained | {key: 40, "path": "others.h5"})
    _refuse_another_split(trained | {"test_path": "test.h5"}, trained | {"test_path": "test.h5", key: 40})
    _refuse_another_split({"train": 100, "seed": 0}, {"train": 100, "seed": 40})  # drawn anew


def test_changes_that_the_test_does_not_read_are_refused():
    data = {"source": {"speed": 1.0}, "test_source": {"speed": 1.0}}
    with pytest.raises(ConfigError, match=r"data\.source: .* set data\.test_source"):
        _refuse_what_is_not_tested(data, {"source": {"speed": 3.0}})
    _refuse_what_is_not_tested(data, {"test_source": {"speed": 3.0}})
    _refuse_what_is_not_tested({"source": {"speed": 1.0}, "test_source": None}, {"source": {"speed": 3.0}})


def test_nested_changes_keep_what_they_do_not_name():
    base = {"a": 1, "source": {"noise": 1, "angle": 2}}
    assert _merged(base, {"source": {"noise": 3}, "b": 4}) == {"a": 1, "b": 4, "source": {"noise": 3, "angle": 2}}
    assert base["source"]["noise"] == 1


def test_a_misspelt_change_of_the_data(copy, contents):
    before = contents(copy)
    with pytest.raises(ConfigError, match=r"data\.sed: FileDataModule takes no 'sed' \(did you mean 'seed'\?\)"):
        evaluate(settings(copy, "+data.sed=1"))
    assert contents(copy) == before


def test_a_checkpoint_outside_a_run_is_evaluated_beside_it(copy, tmp_path):
    (tmp_path / "shelf" / "mine").mkdir(parents=True)
    alone = shutil.copy(copy / "checkpoints" / "best.ckpt", tmp_path / "shelf" / "mine" / "a.ckpt")
    found = evaluate(settings(alone))
    assert found == json.loads((copy / "results.json").read_text())["metrics"]
    assert (tmp_path / "shelf" / "mine" / "evaluations").is_dir()
    assert not (tmp_path / "shelf" / "evaluations").exists()


@pytest.mark.parametrize(
    ("trained", "asked", "found"),
    [
        ({}, {}, None),
        ({"precision": "bf16-mixed"}, {}, "bf16-mixed"),
        ({"precision": "bf16-mixed"}, {"precision": 32}, 32),
        ({"precision": "16-mixed"}, {}, None),  # which a CPU does not know
    ],
)
def test_a_run_is_tested_in_its_own_precision(trained, asked, found):
    assert _in_precision_of(trained, asked).get("precision") == found


def test_a_stranger_in_the_precision(copy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bomb = "${oc.create:{_target_: pathlib.Path.touch, _args_: [{_target_: pathlib.Path, _args_: [exploded]}]}}"
    config = yaml.safe_load((copy / "config.yaml").read_text())
    config["trainer"]["precision"] = bomb
    (copy / "config.yaml").write_text(yaml.safe_dump(config))
    with pytest.raises(PermissionError, match="the run's config holds the interpolation"):
        evaluate(settings(copy))
    assert not (tmp_path / "exploded").exists()
