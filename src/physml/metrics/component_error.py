"""Relative error of one component of a field, up to a constant at each time."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities.data import dim_zero_cat


class ComponentError(Metric):
    r"""Norm of the error of a component over that of the truth, both about their means at each time if they are free.

    .. math:: \frac{\lVert \hat y_k - y_k - c(t) \rVert_2}{\lVert y_k - d(t) \rVert_2}, \qquad
              c(t) = \langle \hat y_k - y_k \rangle_t, \quad d(t) = \langle y_k \rangle_t

    The equations of an incompressible flow know only the gradient of the pressure, so that a function of time is free.
    The points are a grid and no sample: the statistical uncertainty is 0.

    Units: dimensionless.

    Args:
        component: k.
        free_constant: Whether the means are taken off; if not, c and d are 0. Time is the first coordinate.

    Example:
        >>> error = ComponentError(1, free_constant=True)
        >>> x, target = torch.tensor([[0.0], [0.0], [1.0], [1.0]]), torch.tensor([[0.0, 1], [0, 3], [0, 7], [0, 9]])
        >>> error.update({"x": x, "prediction": target + torch.tensor([[5.0], [5.2], [8.0], [8.2]]), "target": target})
        >>> round(float(error.compute()), 3)
        0.1
    """

    full_state_update = False
    unit = ""

    def __init__(self, component: int, free_constant: bool = False) -> None:
        super().__init__()
        self.component, self.free_constant = component, free_constant
        for name in ("time", "error", "truth"):
            self.add_state(name, [], dist_reduce_fx="cat")

    def update(self, arrays: Mapping[str, Tensor]) -> None:
        """Add the points of one batch: ``x``, ``prediction`` and ``target``."""
        truth = arrays["target"][:, self.component].double()
        self.time.append(arrays["x"][:, 0])
        self.error.append(arrays["prediction"][:, self.component] - truth)
        self.truth.append(truth)

    def compute(self) -> Tensor:
        """Return the relative error over all points so far."""
        error, truth = dim_zero_cat(self.error), dim_zero_cat(self.truth)
        if self.free_constant:
            _, moment, count = torch.unique(dim_zero_cat(self.time), return_inverse=True, return_counts=True)
            error, truth = (
                values - (values.new_zeros(len(count)).index_add(0, moment, values) / count)[moment]
                for values in (error, truth)
            )
        return error.norm() / truth.norm()

    def uncertainty(self) -> Tensor:
        """Return 0."""
        return torch.zeros(())
