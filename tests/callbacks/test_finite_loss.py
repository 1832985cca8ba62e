from types import SimpleNamespace

import pytest
import torch

from physml.callbacks.finite_loss import FiniteLoss


def look(value, index, is_last=False, every=10):
    trainer = SimpleNamespace(is_last_batch=is_last, global_step=index + 1)
    FiniteLoss(every).on_train_batch_end(trainer, None, {"loss": torch.tensor(value)}, {}, index)


def test_finite_numbers_pass():
    for index in range(25):
        look(1e30, index)


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize(("index", "is_last"), [(0, False), (20, False), (7, True)])
def test_others_end_the_training(value, index, is_last):
    with pytest.raises(FloatingPointError, match=rf"J is .* at step {index + 1}, expected a finite number: lower task"):
        look(value, index, is_last)


def test_it_looks_at_every_nth_step_only():
    look(torch.nan, 7)
    with pytest.raises(FloatingPointError):
        look(torch.nan, 8, every=4)
