import ast
import re
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

import physml
from physml.networks.mlp import MLP
from physml.runs.build import TRUSTED, build, raise_missing_extra, refuse_untrusted

MLP_CONFIG = {"_target_": "physml.networks.mlp.MLP", "in_shape": [3], "out_shape": [2]}


def test_objects_are_built_with_plain_arguments():
    network = build(MLP_CONFIG | {"hidden": [4], "activation": {"_target_": "torch.nn.ReLU"}})
    assert isinstance(network, MLP)
    assert isinstance(network.layers[1], nn.ReLU)
    assert type(network.in_shape) is tuple


def test_partials_take_further_arguments():
    make = build({"_target_": "torch.optim.SGD", "_partial_": True, "lr": 0.5})
    assert make(params=[torch.zeros(1, requires_grad=True)]).defaults["lr"] == 0.5
    assert isinstance(build({"_target_": "torch.nn.Sequential"}), nn.Sequential)


def test_what_an_object_refuses_is_told_in_one_line():
    with pytest.raises(ValueError, match=r"^Bounds: expected lower < upper, got 2\.0 and 1\.0: exchange them$"):
        build({"_target_": "physml.constraints.bounds.Bounds", "lower": 2.0, "upper": 1.0})


def test_a_refusal_deep_inside_names_the_object_that_refused():
    config = {
        "_target_": "physml.tasks.supervised.SupervisedTask",
        "network": MLP_CONFIG,
        "loss": {"_target_": "torch.nn.MSELoss"},
        "optimizer": {"_target_": "torch.optim.SGD", "_partial_": True},
        "constraints": {"bounds": {"_target_": "physml.constraints.bounds.Bounds", "lower": 3.0}},
    }
    with pytest.raises(ValueError, match=r"Bounds: expected lower < upper"):
        build(config)


def test_a_missing_extra_is_named():
    with pytest.raises(
        ModuleNotFoundError, match=r'\'tensorboard\' is not installed: pip install "physml\[tensorboard'
    ):
        raise_missing_extra(ModuleNotFoundError("No module named 'tensorboard'"))


def test_other_failures_pass():
    raise_missing_extra(ModuleNotFoundError("No module named 'tensorboardish_thing'"))
    raise_missing_extra(ModuleNotFoundError("No module named 'pandas'"))
    raise_missing_extra(ValueError("tensorboard"))


def test_an_import_that_is_blocked_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(ModuleNotFoundError, match=r"physml\[tensorboard\]"):
        build({"_target_": "tensorboard.program.TensorBoard"})


@pytest.mark.parametrize(
    "target",
    [
        "physml.networks.mlp.MLP",
        "physml.data.files.FileDataModule",
        "torch.nn.MSELoss",
        "torch.optim.AdamW",
        "torch.optim.lr_scheduler.OneCycleLR",
        "torchmetrics.aggregation.MeanMetric",
        "e3nn.o3.Linear",
    ],
)
def test_the_trusted_pass(target):
    refuse_untrusted({"task": [{"_target_": target}]})


@pytest.mark.parametrize(
    "target",
    [
        "os.system",
        "subprocess.run",
        "builtins.eval",
        "builtins.exec",
        "torch.load",
        "torch.hub.load",
        "pickle.loads",
        "shutil.rmtree",
        "pathlib.Path.unlink",
        "numpy.load",
        "hydra.utils.instantiate",
        "physml.runs.load.load",
        "physml.cli.main.main",
        "physml.cli.main.os.system",
        "physml.data.files.zipfile.sys.exit",
        "physml.data.files.torch.load",
        "physml.data.files.np.load",
        "physml.data.files.zipfile",
        "physml.data.arrays.dataclass",
        "physml.networks.mlp.copy.deepcopy",
        "physml.networks.mlp.math.prod",
        "physml.networks.mlp.nothing",
        "physml.networks.nothing.at.all",
        "physml.runs.event_writers.write_hdf5",
        "physml.networks_of_a_stranger.Network",
        "torch.nn.modules.os.system",
        "torch.nn.functional.warnings.warn",
        "torch.nnx.Linear",
        "torchmetrics.multimodal.CLIPScore",
        "physml.networks",
        "physml.networks.",
        ".os.system",
        "os",
        "",
        7,
    ],
)
def test_others_are_refused(target):
    with pytest.raises(PermissionError, match="outside the trusted modules"):
        refuse_untrusted({"task": {"network": {"layers": [{"_target_": target}]}}})


def calls(path):
    """Names of what a module calls, and the text of the call."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            yield getattr(node.func, "attr", getattr(node.func, "id", "")), ast.unparse(node)


def test_no_trusted_module_imports_by_name_or_writes_a_file():
    forbidden = {"import_module", "__import__", "exec", "eval", "recreate", "ParquetWriter", "savefig", "savez", "save"}
    forbidden |= {"write_text", "write_bytes", "mkdir", "unlink", "rmtree", "rename", "run", "Popen"}
    home, seen = Path(physml.__file__).parent, 0
    for room in (name.partition(".")[2] for name in TRUSTED if name.startswith("physml.")):
        for path in (home / room).rglob("*.py"):
            seen += 1
            for name, text in calls(path):
                opens = name in ("open", "File", "fdopen") and re.search(r"""['"][rwax+b]*[wax+][rwax+b]*['"]""", text)
                assert not opens, f"{path}: {text}"
                assert name not in forbidden or text.endswith(".eval()"), f"{path}: {text}"
    assert seen > 100


def test_a_refused_module_is_not_imported(monkeypatch, tmp_path):
    (tmp_path / "stranger.py").write_text("raise RuntimeError('imported')\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(PermissionError, match=r"if you know its author, add allow=\[stranger\]"):
        refuse_untrusted({"_target_": "stranger.Network"})
    assert "stranger" not in sys.modules


@pytest.mark.parametrize(
    "config",
    [
        {"_args_": ['${oc.create:"{_target_: os.getcwd}"}']},
        {"layers": ["${oc.env:HOME}"]},
        {"_target_": "${oc.decode:os.getcwd}"},
        {"${oc.env:HOME}": 1},
    ],
)
def test_interpolations_could_create_targets_and_are_refused(config):
    with pytest.raises(PermissionError):
        refuse_untrusted({"_target_": "torch.nn.Sequential"} | config)


def test_the_author_may_be_known(monkeypatch, tmp_path):
    (tmp_path / "friend.py").write_text("class Network:\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    refuse_untrusted({"_target_": "friend.Network"}, allow=("friend",))
    with pytest.raises(PermissionError):
        refuse_untrusted({"_target_": "friend.Network"}, allow=("frien",))
    with pytest.raises(PermissionError):
        refuse_untrusted({"_target_": "os.system"}, allow=("friend",))
