import copy
import sys
import types
from collections.abc import Callable
from typing import Literal

import pytest
import torch
import yaml

from physml.cli.compose import compose_config
from physml.report.learning_curves import read_curves
from physml.runs.check import accepted, did_you_mean, node_problems, problems
from physml.tasks.supervised import SupervisedTask


@pytest.fixture(scope="module")
def composed():
    return compose_config("train", ["experiment=none", "network=mlp", "+constraint@task.constraints.bounds=bounds"])


@pytest.fixture
def config(composed):
    return copy.deepcopy(composed)


def changed(config, path, value):
    *parents, name = path.split(".")
    node = config
    for parent in parents:
        node = node[parent]
    node[name] = value
    return problems(config)


def test_a_good_config_has_none(config):
    assert problems(config) == []


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        (
            "trainer.max_epoch",
            5,
            "trainer.max_epoch: Trainer takes no 'max_epoch' (did you mean 'max_epochs'?); it takes",
        ),
        ("trainer.max_epochs", "many", "trainer.max_epochs: expected int or nothing, got 'many'"),
        ("trainer.max_epochs", 1.5, "trainer.max_epochs: expected int or nothing, got 1.5"),
        ("trainer.enable_model_summary", 3, "trainer.enable_model_summary: expected bool or nothing, got 3"),
        ("task.optimzer", {}, "task.optimzer: SupervisedTask takes no 'optimzer' (did you mean 'optimizer'?)"),
        (
            "task.network.hiden",
            [3],
            "task.network.hiden: MLP takes no 'hiden' (did you mean 'hidden'?); it takes in_shape",
        ),
        ("task.network.hidden", 3, "task.network.hidden: expected list[int], got 3"),
        ("task.network.hidden", [3, 0.5], "task.network.hidden: expected list[int], got [3, 0.5]"),
        ("task.network.activation", "relu", "task.network.activation: expected Module or nothing, got 'relu'"),
        ("task.optimizer.lr", "fast", "task.optimizer.lr: expected float or Tensor, got 'fast'"),
        ("task.optimizer.lr", True, "task.optimizer.lr: expected float or Tensor, got True"),
        ("task.constraints.bounds.wieght", 1, "task.constraints.bounds.wieght: Bounds takes no 'wieght' (did you mean"),
        ("task.constraints.bounds.lower", "low", "task.constraints.bounds.lower: expected float, got 'low'"),
        (
            "task.constraints.bond",
            {"lower": 0.0},
            "task.constraints.bond: has no _target_, so it names nothing (did you",
        ),
        ("task.network", {"in_shape": [3]}, "task.network: expected Module, got the keys in_shape"),
        ("task.network", 3, "task.network: expected Module, got 3"),
        ("task.network", None, "task.network: expected Module, got None"),
        (
            "task.network._target_",
            "physml.networks.mlp.MPL",
            "task.network._target_: 'physml.networks.mlp.MPL' cannot be",
        ),
        (
            "task.network",
            {"_target_": "torch.nn.Linear", "in_features": 1},
            "task.network: Linear needs 'out_features'",
        ),
        ("task.network", {"_target_": "torch.optim.Optimizer", "params": [], "defaults": {}}, "task.network: expected"),
        ("task.network._target_", "math.pi", "task.network._target_: 'math.pi' is not a class or function"),
        (
            "data.source",
            {"_target_": "physml.data.showers.ShowerSource", "nois": 1},
            "data.source.nois: ShowerSource takes",
        ),
        ("data.train", "???", "data.train: needs a value: add data.train=…"),
        (
            "callbacks.checkpoint.monitr",
            "J",
            "callbacks.checkpoint.monitr: ModelCheckpoint takes no 'monitr' (did you mean",
        ),
        (
            "callbacks.chekpoint",
            {"monitor": "J"},
            "callbacks.chekpoint: has no _target_, so it names nothing (did you mean",
        ),
        ("logger.csv.directry", "x", "logger.csv.directry: CSVLog takes no 'directry' (did you mean 'directory'?)"),
        ("sed", 1, "sed: unknown (did you mean 'seed'?); there are name, seed"),
        ("optimizer", {"lr": 1}, "optimizer: unknown (did you mean 'task.optimizer'?); there are name, seed"),
        ("monitor.nam", 1, "monitor.nam: unknown (did you mean 'name'?); there are name, mode"),
        (
            "monitor.name",
            "val/los",
            "monitor.name: no 'val/los' is logged (did you mean 'val/loss'?); there are val/J, ",
        ),
        ("seed", -1, "seed: expected 0 to 4294967295, got -1"),
        ("name", "../evil", "name: expected the name of a folder in the one of the runs, got '../evil'"),
        ("data", None, "data: expected a choice of the config group 'data', got nothing: add data=NAME"),
    ],
)
def test_each_mistake_gives_one_line(config, path, value, line):
    found = changed(config, path, value)
    assert len(found) == 1, found
    assert found[0].startswith(line)
    assert "\n" not in found[0]


@pytest.mark.parametrize("name", ["val/omega/bounds", "val/gamma/bounds", "train/J"])
def test_what_may_be_monitored(config, name):
    assert changed(config, "monitor.name", name) == []


def test_all_that_a_validation_logs_may_be_monitored(toy_run):
    config = yaml.safe_load((toy_run / "config.yaml").read_text())
    logged = [name for name in read_curves(toy_run / "metrics.csv") if name.startswith("val/")]
    assert len(logged) > 2
    for name in logged:
        assert changed(config, "monitor.name", name) == []


def test_a_task_of_ones_own_may_log_more(config, monkeypatch):
    monkeypatch.setitem(sys.modules, "mine", types.SimpleNamespace(Task=SupervisedTask))
    config["task"]["_target_"] = "mine.Task"
    assert changed(config, "monitor.name", "val/mine") == []


def test_a_missing_argument(config):
    del config["task"]["network"]["in_shape"]
    assert problems(config) == ["task.network: MLP needs 'in_shape': add task.network.in_shape=…"]


def test_all_mistakes_are_told_at_once(config):
    config["trainer"]["max_epoch"] = 1
    config["task"]["network"]["hiden"] = [1]
    config["data"]["sed"] = 1
    assert len(problems(config)) == 3


def test_nothing_is_built(monkeypatch, config):
    def explode(*_, **__):
        raise AssertionError("built")

    monkeypatch.setattr(torch.nn.Module, "__init__", explode)
    assert problems(config) == []


class Base:
    def __init__(self, width: int, kind: Literal["a", "b"] = "a") -> None:
        pass


class Derived(Base):
    def __init__(self, height: float = 1.0, **kwargs) -> None:
        super().__init__(**kwargs)


class Closed(Base):
    def __init__(self, height: float) -> None:
        super().__init__(1)


def everything(first: int, *, make: Callable[..., int] | None = None, **rest) -> None:
    pass


def test_keywords_that_are_passed_on_are_those_of_the_base_class():
    known, is_open = accepted(Derived)
    assert list(known) == ["height", "width", "kind"]
    assert not is_open
    assert list(accepted(Closed)[0]) == ["height"]


def test_a_function_that_takes_anything():
    known, is_open = accepted(everything)
    assert is_open
    assert known["first"] == (int, True)
    assert "self" not in accepted(Base)[0]


def test_choices_of_a_literal(monkeypatch):
    module = types.ModuleType("classes_of_a_test")
    module.Base = Base
    monkeypatch.setitem(sys.modules, module.__name__, module)
    node = {"_target_": "classes_of_a_test.Base", "width": 1}
    assert node_problems("a", node | {"kind": "b"}) == []
    assert len(node_problems("a", node | {"kind": "c"})) == 1


def test_partials_may_lack_arguments():
    assert node_problems("a", {"_target_": "torch.optim.SGD", "_partial_": True}) == []
    assert node_problems("a", {"_target_": "torch.optim.SGD"}) == ["a: SGD needs 'params': add a.params=…"]


def test_no_hint_where_nothing_is_close():
    assert did_you_mean("max_epoch", ["max_epochs", "devices"]) == " (did you mean 'max_epochs'?)"
    assert did_you_mean("zzz", ["max_epochs", "devices"]) == ""
