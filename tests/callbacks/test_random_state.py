import random
from types import SimpleNamespace

import numpy as np
import torch

from physml.callbacks.random_state import RandomState


def draws():
    return [torch.rand(3).tolist(), np.random.normal(size=3).tolist(), [random.random(), random.gauss(0, 1)]]  # noqa: NPY002


def test_what_is_drawn_after_resuming_is_what_was_drawn_after_saving(tmp_path):
    draws()
    np.random.normal()  # noqa: NPY002 - an odd number: the generator keeps the second of each pair
    random.gauss(0, 1)
    torch.save(RandomState().state_dict(), tmp_path / "state.ckpt")
    expected = draws()

    resumed = RandomState()
    resumed.load_state_dict(torch.load(tmp_path / "state.ckpt", weights_only=True))
    assert draws() != expected
    resumed.on_train_start(SimpleNamespace(global_rank=0), None)
    assert draws() == expected


def test_each_process_draws_its_own_numbers():
    drawn = []
    for rank, restored in ((0, False), (1, False), (2, False), (0, True), (1, True)):
        state = RandomState()
        torch.manual_seed(5)
        if restored:  # of one process: the second was not there before
            state.load_state_dict(RandomState().state_dict())
        state.on_train_start(SimpleNamespace(global_rank=rank), None)
        drawn.append(tuple(torch.rand(2).tolist()))
    assert drawn[0] == tuple(torch.rand(2, generator=torch.Generator().manual_seed(5)).tolist())
    assert len({*drawn[:3]}) == 3
    assert drawn[3:] == drawn[:2]
