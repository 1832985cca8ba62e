"""Relative error of a field."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torchmetrics import Metric


class RelativeError(Metric):
    r"""Norm of the error over that of the truth.

    .. math:: \frac{\lVert \hat y - y \rVert_2}{\lVert y \rVert_2}

    The points are a grid and no sample: the statistical uncertainty is 0.

    Units: dimensionless.

    Example:
        >>> error = RelativeError()
        >>> error.update({"prediction": torch.tensor([3.0, 5.0]), "target": torch.tensor([3.0, 4.0])})
        >>> round(float(error.compute()), 3)
        0.2
    """

    full_state_update = False
    unit = ""

    def __init__(self) -> None:
        super().__init__()
        for name in ("wrong", "whole"):
            self.add_state(name, torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, arrays: Mapping[str, Tensor]) -> None:
        """Add the points of one batch: ``prediction`` and ``target``."""
        self.wrong += (arrays["prediction"] - arrays["target"]).abs().square().sum()
        self.whole += arrays["target"].abs().square().sum()

    def compute(self) -> Tensor:
        """Return the relative error over all points so far."""
        return (self.wrong / self.whole).sqrt()

    def uncertainty(self) -> Tensor:
        """Return 0."""
        return torch.zeros_like(self.whole)
