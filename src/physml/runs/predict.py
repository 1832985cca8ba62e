"""Predictions of a trained task for the events of a file."""

from collections import defaultdict
from pathlib import Path

import numpy as np
import torch

from physml.data.checks import checked
from physml.data.files import read_arrays
from physml.data.loader import BatchLoader
from physml.tasks.supervised import SupervisedTask


def predict(task: SupervisedTask, path: str | Path, batch_size: int = 1024) -> dict[str, np.ndarray]:
    """Return the predictions for all events of an ``.npz`` file, in their order, as arrays by name.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file's arrays are not what the run was trained on.
    """
    arrays = read_arrays(path)
    in_shape = task.hparams.get("data", {}).get("in_shape")
    if in_shape is not None:
        arrays = checked(arrays, in_shape, str(path))
    found = defaultdict(list)
    with torch.inference_mode():
        for index, batch in enumerate(BatchLoader(arrays, batch_size)):
            for name, array in task.predict_step(batch, index).items():
                found[name].append(array.numpy())
    return {name: np.concatenate(parts) for name, parts in found.items()}
