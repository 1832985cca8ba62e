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
        if free_constant:  # the means are known at the end
            for name in ("time", "error", "truth"):
                self.add_state(name, [], dist_reduce_fx="cat")
        else:
            for name in ("squared_error", "squared_truth"):
                self.add_state(name, torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, arrays: Mapping[str, Tensor]) -> None:
        """Add the points of one batch: ``x``, ``prediction`` and ``target``."""
        truth = arrays["target"][:, self.component].double()
        error = arrays["prediction"][:, self.component] - truth
        if self.free_constant:
            self.time.append(arrays["x"][:, 0])
            self.error.append(error)
            self.truth.append(truth)
        else:
            self.squared_error += error.square().sum()
            self.squared_truth += truth.square().sum()

    def compute(self) -> Tensor:
        """Return the relative error over all points so far."""
        if not self.free_constant:
            return (self.squared_error / self.squared_truth).sqrt()
        _, moment, count = torch.unique(dim_zero_cat(self.time), return_inverse=True, return_counts=True)
        error, truth = (
            values - (values.new_zeros(len(count)).index_add(0, moment, values) / count)[moment]
            for values in (dim_zero_cat(self.error), dim_zero_cat(self.truth))
        )
        return error.norm() / truth.norm()

    def uncertainty(self) -> Tensor:
        """Return 0."""
        return torch.zeros(())
