"""Named arrays in memory, whose batches are taken by index instead of being collated sample by sample."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Arrays:
    """Events held as whole tensors; indexing with a tensor of event numbers gives a batch.

    Args:
        events: Arrays with one row per event, shape (events, …).
        points: Arrays with one row per point of a ragged event, shape (points, …).
        offsets: Event i owns the points ``offsets[i]:offsets[i + 1]``; shape (events + 1,), int64. Needed by `points`,
            and present in each batch as ``offsets``.

    Raises:
        ValueError: The arrays disagree about the number of events or points, or the offsets mark none.
    """

    events: dict[str, Tensor] = field(default_factory=dict)
    points: dict[str, Tensor] = field(default_factory=dict)
    offsets: Tensor | None = None

    def __post_init__(self) -> None:
        if self.points and self.offsets is None:
            raise ValueError("arrays of points need the offsets of their events: pass offsets of shape (events + 1,)")
        if self.offsets is not None and not _mark_events(self.offsets):
            raise ValueError(
                f"offsets of shape {list(self.offsets.shape)} and type {self.offsets.dtype} do not mark events: "
                "expected whole numbers of shape (events + 1,) that start with 0 and never fall"
            )
        for name, array in self.events.items():
            if len(array) != len(self):
                raise ValueError(f"array {name!r} has {len(array)} events, expected {len(self)} as in the other arrays")
        for name, array in self.points.items():
            if len(array) != int(self.offsets[-1]):
                raise ValueError(
                    f"array {name!r} has {len(array)} points, expected {int(self.offsets[-1])} (offsets[-1])"
                )

    def __len__(self) -> int:
        """Return the number of events."""
        return len(next(iter(self.events.values()))) if self.offsets is None else len(self.offsets) - 1

    def __getitem__(self, index: Tensor) -> dict[str, Tensor]:
        """Return the batch of the events `index` (int64 or a slice), as arrays by name."""
        batch = {name: array[index] for name, array in self.events.items()}
        if self.offsets is None:
            return batch
        start, stop = self.offsets[:-1][index], self.offsets[1:][index]
        counts = stop - start
        offsets = torch.zeros(len(counts) + 1, dtype=torch.int64)
        torch.cumsum(counts, 0, out=offsets[1:])
        rows = torch.repeat_interleave(start - offsets[:-1], counts) + torch.arange(int(offsets[-1]))
        return batch | {name: array[rows] for name, array in self.points.items()} | {"offsets": offsets}

    def batch(self) -> dict[str, Tensor]:
        """Return all events as one batch."""
        return self.events | self.points | ({} if self.offsets is None else {"offsets": self.offsets})

    def part(self, start: int, stop: int) -> "Arrays":
        """Return the events ``start:stop`` without copying them."""
        events = {name: array[start:stop] for name, array in self.events.items()}
        if self.offsets is None:
            return Arrays(events)
        first, last = self.offsets[start].item(), self.offsets[stop].item()
        points = {name: array[first:last] for name, array in self.points.items()}
        return Arrays(events, points, self.offsets[start : stop + 1] - first)

    def select(self, index: Tensor) -> "Arrays":
        """Return the events `index` as arrays of their own."""
        batch = self[index]
        return Arrays(
            events={name: batch[name] for name in self.events},
            points={name: batch[name] for name in self.points},
            offsets=batch.get("offsets"),
        )


def joined(parts: Sequence[Arrays]) -> Arrays:
    """Return the events of all `parts`, which have the same arrays, one part after the other."""
    first = parts[0]
    offsets = None
    if first.offsets is not None:
        counts = torch.cat([part.offsets.diff() for part in parts])
        offsets = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
    return Arrays(
        events={name: torch.cat([part.events[name] for part in parts]) for name in first.events},
        points={name: torch.cat([part.points[name] for part in parts]) for name in first.points},
        offsets=offsets,
    )


def as_tensor(array: np.ndarray) -> Tensor:
    """Return real numbers as float32, whole numbers and truth values as int64.

    Raises:
        ValueError: The elements are neither.
    """
    if array.dtype.kind == "f":
        return torch.from_numpy(array.astype(np.float32))
    if array.dtype.kind in "iub":
        return torch.from_numpy(array.astype(np.int64))
    raise ValueError(f"an array has elements of type {array.dtype}, expected real numbers")


def _mark_events(offsets: Tensor) -> bool:
    return (
        offsets.ndim == 1
        and len(offsets) > 0
        and not offsets.is_floating_point()
        and int(offsets[0]) == 0
        and bool((offsets.diff() >= 0).all())
    )
