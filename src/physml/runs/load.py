"""Loading a trained task back."""

import pickle
import warnings
import zipfile
from pathlib import Path
from typing import Any

import torch

from physml.runs.build import build, refuse_untrusted
from physml.runs.checkpoint import find_checkpoint, read_config
from physml.runs.checkpoint_files import verify
from physml.tasks.supervised import SupervisedTask


def load(path: str | Path, allow: tuple[str, ...] = ()) -> SupervisedTask:
    """Return the trained task of a run, ready to predict, with its config as plain data in ``hparams``.

    No pickle is executed, and only classes of trusted modules are built.

    Args:
        path: A run directory, whose best checkpoint is taken, or a checkpoint.
        allow: Modules of your own from which the run may build classes.

    Raises:
        FileNotFoundError: There is no such run or checkpoint.
        PermissionError: The run names a class outside the trusted modules.
        ValueError: The checkpoint was changed, cannot be read, or is of another network than the run's config.
    """
    checkpoint = find_checkpoint(path)
    return built(read_checkpoint(checkpoint), checkpoint, allow)


def built(state: dict[str, Any], checkpoint: Path, allow: tuple[str, ...] = ()) -> SupervisedTask:
    """Return the trained task of a checkpoint whose contents have been read; see `load`."""
    config = read_config(checkpoint) or dict(state.get("hyper_parameters", {}))
    if "task" not in config:
        raise ValueError(f"{checkpoint}: neither a config.yaml beside it nor a config in it: expected a run of physml")
    refuse_untrusted(config["task"], allow)
    task = build(config["task"])
    load_weights(task, state, checkpoint)
    task.hparams.update(config)
    return task.eval()


def restore_precision(task: SupervisedTask, state: dict[str, Any], checkpoint: Path) -> None:
    """Load the weights again, in the precision of their training, from which `built` has rounded them.

    `built` leaves them in the precision in which the task is built, which takes the arrays of files.
    """
    task.on_load_checkpoint(state)
    load_weights(task, state, checkpoint)


def read_checkpoint(checkpoint: Path) -> dict[str, Any]:
    """Return the contents of a checkpoint that is as it was written, read without executing a pickle."""
    verify(checkpoint)
    try:
        with warnings.catch_warnings(action="ignore"):  # of a pickle's protocol, before it is refused
            state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"{checkpoint}: cannot be read as a checkpoint of plain tensors: it is damaged, or holds other objects, "
            "which could run code: take one that physml has written"
        ) from error
    except (RuntimeError, zipfile.BadZipFile, EOFError, ValueError, OSError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0].split(". ")[0]
        raise ValueError(
            f"{checkpoint}: cannot be read as a checkpoint of plain tensors ({reason}): "
            "it is truncated, or not one of ours"
        ) from error
    if not isinstance(state, dict) or "state_dict" not in state:
        raise ValueError(f"{checkpoint}: no state_dict in it, expected a checkpoint of Lightning")
    return state


def load_weights(task: SupervisedTask, state: dict[str, Any], checkpoint: Path) -> None:
    """Load the weights of a checkpoint into a task."""
    try:
        task.load_state_dict(state["state_dict"])
    except RuntimeError as error:
        network = type(task.network).__name__
        first = str(error).splitlines()[1].strip() if len(str(error).splitlines()) > 1 else str(error)
        raise ValueError(
            f"{checkpoint}: its weights are not those of this {network} ({first[:160]}): "
            "expected a checkpoint of the same network with the same sizes"
        ) from error
