"""Predictions of a trained task for the events of a file."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from physml.data.arrays import Arrays
from physml.data.checks import checked
from physml.data.event_files import KINDS, EventFiles
from physml.data.files import read_arrays
from physml.data.loader import BatchLoader
from physml.runs.build import build, refuse_untrusted
from physml.runs.faults import batches_of
from physml.tasks.supervised import SupervisedTask


def predict(
    task: SupervisedTask, path: str | Path, batch_size: int = 1024, allow: tuple[str, ...] = ()
) -> dict[str, np.ndarray]:
    """Return the predictions for all events of a file, in their order, as arrays by name.

    The file is an ``.npz`` file, or one that `physml.data.event_files.EventFiles` reads, block by block. A run
    that was trained on such files finds its arrays in the same columns and transforms them alike; targets need
    not be there unless the transform reads them. Other runs find each array in the column of its name.

    Args:
        task: A task as `physml.runs.load.load` gives it.
        path: The file.
        batch_size: Number of events that are predicted, or read, at once.
        allow: Modules of your own from which the run may build its transform.

    Raises:
        FileNotFoundError: There is no such file.
        PermissionError: The run's transform is of no trusted module.
        ValueError: The file's arrays are not what the run was trained on, or it has no events.
        MemoryError: The batches are too large.
    """
    found = defaultdict(list)
    with torch.inference_mode():
        for arrays in filter(len, _blocks(str(path), dict(task.hparams.get("data", {})), batch_size, allow)):
            with batches_of(min(batch_size, len(arrays)), "batch_size"):
                for index, batch in enumerate(BatchLoader(arrays, batch_size)):
                    try:
                        predicted = task.predict_step(batch, index)
                    except TypeError as error:  # an array that the network reads is not there
                        raise ValueError(f"{path}: {error}") from error
                    for name, array in predicted.items():
                        found[name].append(array.numpy())
    if not found:
        raise ValueError(f"{path}: expected events to predict for, got none")
    return {name: np.concatenate(parts) for name, parts in found.items()}


def _blocks(path: str, data: dict, size: int, allow: tuple[str, ...]) -> Iterator[Arrays]:
    in_shape = data.get("in_shape")
    if not (Path(path).suffix in KINDS or ".root:" in path):
        arrays = read_arrays(path)
        yield arrays if in_shape is None else checked(arrays, in_shape, path)
        return
    if in_shape is None:
        raise ValueError(f"{path}: the run does not say the shape of its x (data.in_shape): predict from an .npz file")
    columns = EventFiles(path, in_shape).columns
    names = data.get("arrays") or {name: name for name in columns}
    transform = data.get("transform")
    refuse_untrusted(transform, allow)
    if transform is None:
        names = {name: source for name, source in names.items() if name == "x" or _there(source, columns)}
    files = EventFiles(path, in_shape, names, transform and build(transform))
    for block in files.blocks(size):
        yield files.read(block)


def _there(source: str | list[str], columns: dict) -> bool:
    return {source} <= columns.keys() if isinstance(source, str) else columns.keys() >= set(source)
