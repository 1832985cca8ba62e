"""The state of the random generators, kept in the checkpoint."""

import random
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import distributed


class RandomState(Callback):
    """Let a resumed training draw the numbers that an uninterrupted one would have drawn.

    The generators are those of torch, of NumPy and of Python. Each process has its own, and a checkpoint holds those of
    all processes. All begin with one seed, so that they make one network; from there on torch's draws in each process
    what no other draws, as noise that several processes have in common would not average out.
    """

    def __init__(self) -> None:
        self._restored: list[dict[str, Any]] = []

    def state_dict(self) -> dict[str, Any]:
        """Return the states of all processes, as plain data."""
        own = _states()
        if not (distributed.is_available() and distributed.is_initialized()):
            return {"processes": [own]}
        states: list[Any] = [None] * distributed.get_world_size()
        distributed.all_gather_object(states, own)
        return {"processes": states}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Remember the states; they are set when the training begins, after all that draws before it."""
        self._restored = state_dict["processes"]

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Set the generators of this process to what the checkpoint held, or begin those of its own."""
        if trainer.global_rank < len(self._restored):
            _restore(self._restored[trainer.global_rank])
        elif trainer.global_rank > 0:
            torch.manual_seed((torch.initial_seed() + trainer.global_rank) % 2**63)
        self._restored = []


def _states() -> dict[str, Any]:
    kind, keys, position, has_gauss, gauss = np.random.get_state()  # noqa: NPY002 - the global one is meant
    version, numbers, next_gauss = random.getstate()
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all(),
        "numpy": [kind, torch.from_numpy(keys.astype(np.int64)), position, has_gauss, gauss],
        "python": [version, list(numbers), next_gauss],
    }


def _restore(states: dict[str, Any]) -> None:
    torch.set_rng_state(states["torch"])
    if len(states["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(states["cuda"])
    kind, keys, *rest = states["numpy"]
    np.random.set_state((kind, keys.numpy().astype(np.uint32), *rest))  # noqa: NPY002
    version, numbers, next_gauss = states["python"]
    random.setstate((version, tuple(numbers), next_gauss))
