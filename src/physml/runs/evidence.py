"""What is known to obey the laws of an experiment."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from torch import Tensor

from physml.runs.build import build
from physml.runs.errors import NotJudged

EVENTS = 64  # are enough to tell whether a law holds

Fields = dict[str, np.ndarray]


class Evidence:
    """The reference solution and a few events of an experiment's data, each made when it is first asked for.

    Args:
        data: The config of the data module.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data

    @cached_property
    def solution(self) -> Fields | None:
        """The reference solution by its symbols, coordinates in the order of the dimensions; None if there is none."""
        node = (self.data.get("test_source") or {}).get("solution")
        return build(node)() if node else None

    @cached_property
    def batch(self) -> Mapping[str, Tensor]:
        """A few events of the validation data, without the noise of measurements, which no law survives."""
        few = {split: min(self.data[split], EVENTS) for split in ("train", "validation", "test") if split in self.data}
        source = self.data.get("source")
        if isinstance(source, dict) and "noise" in source:
            few["source"] = {**source, "noise": 0.0}
        module = build({**self.data, **few})
        module.prepare_data()
        module.setup("fit")
        return next(iter(module.val_dataloader()))

    def on_grid(self, names: Sequence[str], variables: Sequence[str]) -> tuple[Fields, Fields]:
        """Return the parts of the solution and the coordinates of these names.

        Raises:
            NotJudged: There is no solution, or it lacks one.
        """
        if self.solution is None:
            raise NotJudged("the data have no reference solution: data.test_source.solution would give one")
        if missing := [name for name in (*names, *variables) if name not in self.solution]:
            raise NotJudged(f"the reference solution has {', '.join(self.solution)}, but no {', '.join(missing)}")
        axes = {name: array for name, array in self.solution.items() if name in variables}
        return {name: self.solution[name] for name in names}, axes

    def outputs(self, names: Sequence[str], variables: Sequence[str]) -> tuple[Fields, Fields]:
        """Return the solution as a field has it, real, and the coordinates: a complex part gives two outputs.

        Raises:
            NotJudged: There is no solution, or not of so many outputs.
        """
        parts = [name for name in self.solution or {} if name not in variables]
        fields, axes = self.on_grid(names if set(names) <= set(parts) else parts, variables)
        split = [piece for u in fields.values() for piece in ((u.real, u.imag) if np.iscomplexobj(u) else (u,))]
        if len(split) != len(names):
            raise NotJudged(f"the reference solution has {len(split)} real parts, but the field {len(names)} outputs")
        return dict(zip(names, split, strict=True)), axes
