"""The parts of the events for training, validation and test."""

from collections.abc import Sequence

import numpy as np

SPLITS = ("train", "validation", "test")


def split_edges(fractions: Sequence[float]) -> np.ndarray:
    """Return where the splits begin and end, as fractions of all events; shape (4,).

    Args:
        fractions: Parts of the events for training, validation and test.

    Raises:
        ValueError: They are not three positive parts, or do not add up to 1.

    Example:
        >>> split_edges([0.5, 0.25, 0.25]).tolist()
        [0.0, 0.5, 0.75, 1.0]
    """
    if len(fractions) != len(SPLITS) or abs(sum(fractions) - 1) > 1e-6 or min(fractions) <= 0:
        raise ValueError(f"data.fractions is {list(fractions)}, expected three positive parts that add up to 1")
    return np.cumsum([0.0, *fractions])
