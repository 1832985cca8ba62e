from types import SimpleNamespace

import pytest
import torch

from physml.constraints.decoded_rate import DecodedRate
from physml.losses.reconstruction import ReconstructionError
from physml.networks.sindy_autoencoder import SindyAutoencoder
from physml.tasks.sindy_autoencoder import SindyAutoencoderTask


def make(**changes):
    network = SindyAutoencoder(features=8, variables=["a", "b"], degree=2, components=4, hidden=[6])
    settings = {"free_epochs": 2, "sparse_epochs": 2, "threshold": 0.1, "starts": 2}
    parts = {"loss": ReconstructionError(), "constraints": {"rate": DecodedRate(weight=0.5)}}
    return SindyAutoencoderTask(network, **(parts | settings | changes))


@pytest.fixture
def task(seed, monkeypatch):
    task = make()
    optimizer = task.configure_optimizers()
    monkeypatch.setattr(task, "optimizers", lambda: optimizer)
    monkeypatch.setattr(task, "log_dict", lambda terms: None)
    return task


def batch(count=150):
    # A damped oscillation, s' = v, v' = −4 s − v, seen as a field that is linear in s and v and in their squares.
    s, v = torch.rand(2, count, 1, dtype=torch.float64) * 2 - 1
    modes = torch.randn(4, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    force = -4 * s - v
    x, y = torch.cat([s, v, s**2, v**2], dim=1), torch.cat([v, force, 2 * s * v, 2 * v * force], dim=1)
    return {"x": x @ modes, "y": y @ modes}


def epoch(task, number, batches=8):
    for index in range(batches):
        trainer = SimpleNamespace(current_epoch=number, global_step=0, is_last_batch=index == batches - 1)
        task._trainer = trainer
        total = task.training_step(batch(), index)
    return total


def test_the_sum_of_squares_is_the_objective(task):
    task._trainer = SimpleNamespace(current_epoch=0, global_step=0)
    events = batch()
    task.network.calibrate(events["x"])
    torch.testing.assert_close(task._residuals(events).square().sum(), task.objective(events).total)


def test_coordinates_and_their_law_are_found_among_all_terms(task):
    held = []
    for number in range(6):
        total = epoch(task, number)
        held.append(int(task.network.held.sum()))
    assert held[0] == 12  # all, as the first sparse epoch is the one after the free ones
    assert held[-1] == 3
    assert total < 1e-3
    linear = task.network.coefficients[1:3].T  # of the two coordinates in their rates: eigenvalues are as they were
    expected = torch.tensor([[0.0, 1.0], [-4.0, -1.0]], dtype=torch.float64)
    torch.testing.assert_close(torch.linalg.det(linear), torch.linalg.det(expected), rtol=0.02, atol=0)
    torch.testing.assert_close(linear.trace(), expected.trace(), rtol=0.02, atol=0)


def test_terms_are_dropped_after_the_epochs_that_are_sparse(task, monkeypatch):
    sparse = []
    monkeypatch.setattr(task, "_make_sparse", lambda batch: sparse.append(task.current_epoch))
    for number in range(6):
        epoch(task, number, batches=2)
    assert sparse == [2, 3]


def test_a_dropped_term_stays_away(task):
    epoch(task, 0, batches=1)
    task.network.held[0, 3] = False
    task.network.clear_dropped()
    before = task.network.coefficients
    epoch(task, 1, batches=1)
    moved = task.network.coefficients != before
    assert not moved[3, 0]
    assert moved.sum() == 11


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        (
            {"loss": torch.nn.MSELoss()},
            "expected the error of the reconstruction, .* got MSELoss: set loss=reconstruction",
        ),
        ({"constraints": {}}, "expected one constraint, the error of the decoded rate, got 0"),
    ],
)
def test_what_it_cannot_use_is_refused(wrong, line):
    with pytest.raises(ValueError, match=line):
        make(**wrong)
