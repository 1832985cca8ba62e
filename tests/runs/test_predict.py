import numpy as np
import pytest
import torch

from physml.runs.load import load
from physml.runs.predict import predict


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
