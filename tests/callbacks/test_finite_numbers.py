from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from physml.callbacks.finite_numbers import FiniteNumbers


def look(folder, index=0, data=1.0, slope=1.0, total=1.0, is_last=False, every=10, precision="32-true"):
    """One step with the given numbers."""
    trainer = SimpleNamespace(is_last_batch=is_last, global_step=index + 1, precision=precision, global_rank=0)
    module = nn.Linear(1, 1, bias=False)
    module.weight.grad = torch.tensor([[slope]])
    batch = {"x": torch.tensor([0.0, data]), "offsets": torch.tensor([0, 2])}
    callback = FiniteNumbers(str(folder), every)
    callback.on_train_batch_start(trainer, module, batch, index)
    callback.on_before_optimizer_step(trainer, module, None)
    callback.on_train_batch_end(trainer, module, {"loss": torch.tensor(total)}, batch, index)


def test_finite_numbers_pass(tmp_path):
    for index in range(25):
        look(tmp_path, index, 1e30, 1e30, 1e30)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize(("index", "is_last"), [(0, False), (20, False), (7, True)])
def test_others_end_the_training_and_the_batch_is_kept(tmp_path, value, index, is_last):
    with pytest.raises(FloatingPointError, match=rf"J is .* at step {index + 1}, expected finite numbers: lower task"):
        look(tmp_path, index, total=value, is_last=is_last)
    with np.load(tmp_path / "not_finite.npz") as archive:
        assert archive["x"].tolist() == [0, 1]
        assert archive["offsets"].tolist() == [0, 2]


@pytest.mark.parametrize(
    ("where", "message"),
    [("data", "the data hold .*, in x at step 1"), ("slope", "the gradient by weight is not finite")],
)
def test_data_and_gradients_are_looked_at_too(tmp_path, where, message):
    with pytest.raises(FloatingPointError, match=message):
        look(tmp_path, **{where: torch.nan})


def test_scaled_gradients_may_be_infinite(tmp_path):
    look(tmp_path, slope=torch.inf, precision="16-mixed")
    assert not list(tmp_path.iterdir())
    with pytest.raises(FloatingPointError, match="the gradient by weight"):
        look(tmp_path, slope=torch.inf)


def test_it_looks_at_every_nth_step_only(tmp_path):
    look(tmp_path, 7, data=torch.nan, slope=torch.nan, total=torch.nan)
    with pytest.raises(FloatingPointError):
        look(tmp_path, 8, total=torch.nan, every=4)


def test_gradients_are_looked_at_when_they_have_gathered(tmp_path):
    trainer = SimpleNamespace(is_last_batch=False, global_step=1, precision="32-true", global_rank=0)
    module = nn.Linear(1, 1, bias=False)
    module.weight.grad = torch.tensor([[torch.nan]])
    callback, batch = FiniteNumbers(str(tmp_path), every=10), {"x": torch.zeros(2)}
    for index in range(2):  # the optimizer steps with every other batch
        callback.on_train_batch_start(trainer, module, batch, index)
        if index == 1:
            with pytest.raises(FloatingPointError, match="the gradient by weight"):
                callback.on_before_optimizer_step(trainer, module, None)
        callback.on_train_batch_end(trainer, module, {"loss": torch.tensor(1.0)}, batch, index)
    assert [path.name for path in tmp_path.iterdir()] == ["not_finite.npz"]
