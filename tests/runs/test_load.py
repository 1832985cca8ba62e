import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

import physml
from physml.data.files import FileDataModule
from physml.runs.load import load, read_checkpoint, restore_precision


@pytest.fixture
def copy(toy_run, tmp_path):
    """A copy of the toy run, to be changed."""
    return shutil.copytree(toy_run, tmp_path / "copy")


def edit(run, change):
    config = yaml.safe_load((run / "config.yaml").read_text())
    change(config)
    (run / "config.yaml").write_text(yaml.safe_dump(config))


def test_the_task_comes_back_ready_to_predict(toy_run, toy_file):
    task = physml.load(toy_run)
    assert not task.training
    assert task.hparams["name"] == "toy"
    assert task.hparams["task"]["network"]["hidden"] == [8]
    state = torch.load(toy_run / "checkpoints" / "best.ckpt", weights_only=True)["state_dict"]
    assert all(torch.equal(value, state[name]) for name, value in task.state_dict().items())
    data = FileDataModule(str(toy_file), [3], [2])
    assert task(data.split("test")[slice(None)]).shape == (8, 2)


def test_double_precision_is_restored_without_rounding(trained, toy):
    run = trained(*toy, "trainer=smoke", "+trainer.precision=64-true")
    checkpoint = run / "checkpoints" / "best.ckpt"
    expected = torch.load(checkpoint, weights_only=True)["state_dict"]
    task = load(run)
    assert all(value.dtype == torch.float32 for value in task.state_dict().values())
    restore_precision(task, read_checkpoint(checkpoint), checkpoint)
    for name, value in task.state_dict().items():
        assert value.dtype == torch.float64
        assert torch.equal(value, expected[name])
        assert not torch.equal(value, value.float().double())


def test_the_config_is_plain_data(toy_run):
    hyper = physml.load(str(toy_run)).hparams
    assert yaml.safe_load(yaml.safe_dump(dict(hyper))) == yaml.safe_load((toy_run / "config.yaml").read_text())


def test_a_checkpoint_alone_brings_its_config(toy_run, tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    alone = shutil.copy(toy_run / "checkpoints" / "last.ckpt", tmp_path / "a" / "b" / "mine.ckpt")
    x = {"x": torch.randn(4, 3)}
    assert torch.equal(load(alone)(x), load(toy_run / "checkpoints" / "last.ckpt")(x))


def test_nothing_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such run directory"):
        load(tmp_path / "none")
    with pytest.raises(FileNotFoundError, match="expected the directory of a trained run"):
        load(tmp_path)


@pytest.mark.parametrize("part", [0.0, 0.5, 0.99])
def test_a_truncated_checkpoint(copy, part):
    checkpoint = copy / "checkpoints" / "best.ckpt"
    content = checkpoint.read_bytes()
    checkpoint.write_bytes(content[: int(part * len(content))])
    (copy / "checkpoints" / "sha256.json").unlink()
    with pytest.raises(
        ValueError, match=r"best\.ckpt: cannot be read as a checkpoint of plain tensors .*: it is trunc"
    ):
        load(copy)


def test_a_checkpoint_with_one_bit_changed(copy):
    checkpoint = copy / "checkpoints" / "best.ckpt"
    content = bytearray(checkpoint.read_bytes())
    content[len(content) // 2] ^= 1
    checkpoint.write_bytes(content)
    with pytest.raises(
        ValueError, match=r"best\.ckpt: its SHA-256 is .*…, expected .*: it is truncated or was changed"
    ):
        load(copy)


class Bomb:
    def __reduce__(self):
        return Path.touch, (Path("exploded"),)


@pytest.mark.parametrize("write", [torch.save, lambda bomb, path: path.write_bytes(pickle.dumps(bomb, protocol=2))])
def test_no_pickle_is_executed(copy, write, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write({"state_dict": Bomb()}, copy / "checkpoints" / "best.ckpt")
    with pytest.raises(ValueError, match="its SHA-256 is"):
        load(copy)
    (copy / "checkpoints" / "sha256.json").unlink()
    with pytest.raises(
        ValueError, match="cannot be read as a checkpoint of plain tensors: it is damaged, or holds other"
    ):
        load(copy)
    assert not (tmp_path / "exploded").exists()


def test_a_file_of_tensors_that_is_no_checkpoint(copy):
    torch.save({"weights": torch.zeros(3)}, copy / "checkpoints" / "best.ckpt")
    (copy / "checkpoints" / "sha256.json").unlink()
    with pytest.raises(ValueError, match="no state_dict in it, expected a checkpoint of Lightning"):
        load(copy)


def test_weights_without_any_config(copy):
    torch.save({"state_dict": {}}, copy / "checkpoints" / "best.ckpt")
    (copy / "config.yaml").unlink()
    (copy / "checkpoints" / "sha256.json").unlink()
    with pytest.raises(ValueError, match=r"neither a config\.yaml beside it nor a config in it"):
        load(copy)


def test_weights_of_another_network(copy):
    edit(copy, lambda config: config["task"]["network"].update(hidden=[9]))
    with pytest.raises(ValueError, match=r"its weights are not those of this MLP \(size mismatch .*: expected a check"):
        load(copy)


def test_a_stranger_in_the_config(copy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bomb = {"_target_": "pathlib.Path.touch", "_args_": [{"_target_": "pathlib.Path", "_args_": ["exploded"]}]}
    edit(copy, lambda config: config["task"]["network"].update(activation=bomb))
    with pytest.raises(PermissionError, match=r"names 'pathlib\.Path\.touch', which lies outside the trusted modules"):
        load(copy)
    assert not (tmp_path / "exploded").exists()


def test_weights_are_numbers(toy_run):
    assert all(np.isfinite(value.numpy()).all() for value in physml.load(toy_run).state_dict().values())
