"""The first contact of a task with its data, before a training begins."""

import warnings
from collections.abc import Iterable

import torch
from torch import Tensor

from physml.runs.faults import out_of_memory
from physml.tasks.supervised import SupervisedTask


def first_contact(task: SupervisedTask, batches: Iterable[dict[str, Tensor]]) -> None:
    """Compute J for one batch, so that data and network that do not fit are found before anything is kept.

    Raises:
        ValueError: They do not fit.
        RuntimeError: There is too little memory.
    """
    batch = next(iter(batches))
    shapes = ", ".join(f"{name} {list(array.shape)}" for name, array in batch.items())
    generator = torch.get_rng_state()  # a constraint may draw random numbers; the training's own stay as they were
    task.eval()
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.filterwarnings("error", message="Using a target size")
            total = task.objective(batch).total
    except (RuntimeError, ValueError, TypeError, IndexError, UserWarning) as error:
        if out_of_memory(error):
            raise
        network = type(task.network).__name__
        raise ValueError(
            f"{network} and its objective do not fit the data ({shapes}): {' '.join(str(error).split())[:300]}"
        ) from error
    finally:
        task.train()
        torch.set_rng_state(generator)
    if total.ndim:
        raise ValueError(f"the loss has shape {list(total.shape)}, expected one number: use one that reduces the batch")
