import numpy as np
import pytest
import torch

from physml.data.arrays import Arrays
from physml.networks.gravnet import GravNet
from physml.runs.event_writers import WRITERS
from physml.runs.load import load
from physml.runs.predict import predict
from physml.tasks.supervised import SupervisedTask


@pytest.fixture(scope="module")
def task(toy_run):
    return load(toy_run)


def test_predictions_are_those_of_the_network_in_the_events_order(task, toy_file):
    with np.load(toy_file) as archive:
        x = torch.from_numpy(archive["x"])
    found = predict(task, toy_file)
    assert list(found) == ["prediction"]
    torch.testing.assert_close(torch.from_numpy(found["prediction"]), task.network(x).detach())


@pytest.mark.parametrize("batch_size", [1, 7, 80, 1000])
def test_the_batch_size_changes_nothing(task, toy_file, batch_size):
    found = predict(task, toy_file, batch_size)["prediction"]
    np.testing.assert_allclose(found, predict(task, toy_file)["prediction"], rtol=1e-6, atol=1e-7)


def test_no_targets_are_needed(task, toy_file, tmp_path):
    with np.load(toy_file) as archive:
        np.savez(tmp_path / "a.npz", x=archive["x"])
    np.testing.assert_array_equal(
        predict(task, tmp_path / "a.npz")["prediction"], predict(task, toy_file)["prediction"]
    )


def test_events_of_another_shape(task, tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros((5, 4)))
    with pytest.raises(ValueError, match=r"a\.npz: x has shape \[4\] per event, expected \[3\]"):
        predict(task, tmp_path / "a.npz")


def test_no_events(task, tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros((0, 3)))
    with pytest.raises(ValueError, match=r"a\.npz: expected events to predict for, got none"):
        predict(task, tmp_path / "a.npz")


def test_an_array_that_the_network_reads_is_not_there(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros((5, 3)))
    task = SupervisedTask(GravNet(3, 2, blocks=1, k=2), torch.nn.MSELoss(), torch.optim.SGD)
    with pytest.raises(ValueError, match=r"a\.npz: GravNet reads 'offsets', but there is only x"):
        predict(task, tmp_path / "a.npz")


@pytest.mark.parametrize("kind", [".h5", ".parquet", ".root"])
def test_files_of_events_without_targets_in_the_columns_of_their_names(task, toy_file, tmp_path, kind):
    pytest.importorskip({".h5": "h5py", ".parquet": "pyarrow", ".root": "uproot"}[kind])
    with np.load(toy_file) as archive, open(tmp_path / f"a{kind}", "wb") as file:
        WRITERS[kind](file, [Arrays({"x": torch.from_numpy(archive["x"])})])
    np.testing.assert_allclose(
        predict(task, tmp_path / f"a{kind}", batch_size=30)["prediction"],
        predict(task, toy_file)["prediction"],
        rtol=1e-6,
        atol=1e-7,
    )


@pytest.fixture
def columns(tmp_path):
    pytest.importorskip("h5py")
    path = tmp_path / "a.h5"
    with open(path, "wb") as file:
        WRITERS[".h5"](file, [Arrays({name: torch.arange(4.0) + i for i, name in enumerate("abc")})])
    return path


def test_a_run_on_files_finds_its_arrays_in_its_own_columns(task, columns, monkeypatch):
    data = {"in_shape": [3], "arrays": {"x": ["c", "a", "b"], "y": "not_there"}}
    monkeypatch.setitem(task.hparams, "data", data)
    x = torch.arange(4.0)[:, None] + torch.tensor([2.0, 0.0, 1.0])
    torch.testing.assert_close(
        torch.from_numpy(predict(task, columns)["prediction"]), task.network(x).detach(), rtol=1e-6, atol=1e-7
    )
    data["arrays"]["x"] = ["c", "a", "d"]
    with pytest.raises(ValueError, match=r"a\.h5: column 'd' \(data\.arrays\.x\) is missing"):
        predict(task, columns)


def test_a_strangers_transform_is_not_built(task, columns, monkeypatch):
    data = {"in_shape": [3], "arrays": {"x": ["a", "b", "c"]}, "transform": {"_target_": "os.system", "command": "x"}}
    monkeypatch.setitem(task.hparams, "data", data)
    with pytest.raises(PermissionError, match=r"os\.system"):
        predict(task, columns)


def test_a_run_that_does_not_say_its_shape(task, columns, monkeypatch):
    monkeypatch.setitem(task.hparams, "data", {})
    with pytest.raises(ValueError, match=r"a\.h5: the run does not say the shape of its x .*\.npz"):
        predict(task, columns)
