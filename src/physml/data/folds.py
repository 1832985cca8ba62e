"""Cross-validation: all events but those for the test are dealt into folds, which take turns as validation events."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Fold:
    """One turn of a cross-validation: a fold validates, the others train.

    Which events make a fold depends on the seed alone, so the turns of one seed are the parts of one whole: each event
    validates once. The folds differ by at most one in their number of trajectories, whatever is in the events.

    Source: Stone 1974, doi 10.1111/j.2517-6161.1974.tb00994.x. Two turns share most of their training events, so
    their results are not independent: no unbiased estimate of the variance of their mean exists (Bengio and Grandvalet
    2004, JMLR 5, 1089).

    Args:
        number: Number of the fold that validates, from 0 on.
        of: Number of folds.

    Raises:
        ValueError: There are less than two folds, or none of this number.
    """

    number: int
    of: int

    def __post_init__(self) -> None:
        if self.of < 2:
            raise ValueError(f"data.fold.of is {self.of}, expected 2 folds or more: set data.fold.of")
        if not 0 <= self.number < self.of:
            raise ValueError(
                f"data.fold.number is {self.number}, expected one of 0 to {self.of - 1}, as there are {self.of} folds: "
                "set data.fold.number, or data.fold.of"
            )

    def split(self, trajectories: np.ndarray, seed: int) -> tuple[Tensor, Tensor]:
        """Return the numbers of the events that train and of those that validate, both rising.

        Args:
            trajectories: The trajectory of each event; those of one stay together. All different where each event is on
                its own.
            seed: Seed of the folds.

        Shapes:
            `trajectories` (events,) → (training events,), (validation events,)

        Raises:
            ValueError: There are less trajectories than folds.

        Example:
            >>> train, validation = Fold(0, of=3).split(np.array([0, 0, 1, 1, 2, 2]), seed=0)
            >>> len(train), validation.diff().tolist()
            (4, [1])
        """
        names, which = np.unique(trajectories, return_inverse=True)
        if len(names) < self.of:
            raise ValueError(
                f"{self.of} folds need as many independent events or trajectories, got {len(names)}: lower "
                "data.fold.of, or use more events"
            )
        held_out = np.random.default_rng(seed).permutation(len(names)) % self.of == self.number
        validates = torch.from_numpy(held_out[which])
        return torch.nonzero(~validates).flatten(), torch.nonzero(validates).flatten()
