"""Relative error of one component of a field, up to a constant."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torchmetrics import Metric


class ComponentError(Metric):
    r"""Norm of the error of a component over that of the truth, both about their means if a constant is free.

    .. math:: \frac{\lVert (\hat y_k - y_k) - \langle \hat y_k - y_k \rangle \rVert_2}
                   {\lVert y_k - \langle y_k \rangle \rVert_2}

    Of a pressure that only its gradient is known of, a constant is free. The points are a grid and no sample: the
    statistical uncertainty is 0.

    Units: dimensionless.

    Args:
        component: k.
        free_constant: Whether the means are taken off; if not, they are 0 in the formula.

    Example:
        >>> error = ComponentError(1, free_constant=True)
        >>> target = torch.tensor([[0.0, 1.0], [0.0, 3.0]])
        >>> error.update({"prediction": target + torch.tensor([[9.0, 5.0], [9.0, 5.2]]), "target": target})
        >>> round(float(error.compute()), 3)
        0.1
    """

    full_state_update = False
    unit = ""

    def __init__(self, component: int, free_constant: bool = False) -> None:
        super().__init__()
        self.component, self.free_constant = component, free_constant
        for name in ("count", "wrong", "wrong_square", "whole", "whole_square"):
            self.add_state(name, torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, arrays: Mapping[str, Tensor]) -> None:
        """Add the points of one batch: ``prediction`` and ``target``."""
        truth = arrays["target"][:, self.component].double()
        error = arrays["prediction"][:, self.component] - truth
        self.count += len(truth)
        for name, values in (("wrong", error), ("whole", truth)):
            setattr(self, name, getattr(self, name) + values.sum())
            setattr(self, f"{name}_square", getattr(self, f"{name}_square") + values.square().sum())

    def compute(self) -> Tensor:
        """Return the relative error over all points so far."""
        if not self.free_constant:
            return (self.wrong_square / self.whole_square).sqrt()
        wrong, whole = (
            (square - total**2 / self.count).clamp(min=0)
            for square, total in ((self.wrong_square, self.wrong), (self.whole_square, self.whole))
        )
        return (wrong / whole).sqrt()

    def uncertainty(self) -> Tensor:
        """Return 0."""
        return torch.zeros_like(self.count)
