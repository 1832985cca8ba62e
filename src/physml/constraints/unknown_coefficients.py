"""Coefficients of an equation that are learnt with its field."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn


class UnknownCoefficients(nn.Module):
    r"""Coefficients :math:`\lambda_k = s_k\, b_k`, with weights b that start at 0.

    A step of the same length moves λ in proportion to s, which takes the place of a learning rate of its own. Called
    with points it is a layer of jets without weights whose bias is b (`physml.ops.point_jacobian`).

    Units: λ as the equation says.

    Args:
        scales: s by the names of the coefficients: what size is expected of them.
        truth: λ by name where it is known, as in a rehearsal, to check the equation with; not used in the fit.

    Shapes: x (points, variables) → (1, points, coefficients)

    Raises:
        ValueError: The truth is of other coefficients.

    Example:
        >>> unknown = UnknownCoefficients({"viscosity": 0.01})
        >>> unknown.values(torch.zeros(3, 2))
        {'viscosity': tensor([0., 0., 0.], dtype=torch.float64, grad_fn=<UnbindBackward0>)}
    """

    weight = None

    def __init__(self, scales: Mapping[str, float], truth: Mapping[str, float] | None = None) -> None:
        super().__init__()
        self.names, self.truth = list(scales), dict(truth or {})
        if self.truth and self.truth.keys() != scales.keys():
            raise ValueError(
                f"expected the truth of {', '.join(self.names)}, got that of {', '.join(self.truth)}: give all or none"
            )
        self.bias = nn.Parameter(torch.zeros(len(scales), dtype=torch.float64))
        self.register_buffer("scale", torch.tensor(list(scales.values()), dtype=torch.float64), persistent=False)
        self.register_buffer("spread", torch.full((len(scales),), torch.nan, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        """Return b for each point."""
        return self.bias.expand(1, len(x), -1)

    def values(self, x: Tensor) -> dict[str, Tensor]:
        """Return each λ at each point, by name. Shapes: (points,)."""
        return dict(zip(self.names, (self.scale * self(x)[0]).unbind(-1), strict=True))

    def set_variances(self, variances: Tensor) -> None:
        """Keep the standard errors that go with variances of b. Shapes: (coefficients,)."""
        self.spread.copy_(self.scale * variances.sqrt())

    def estimates(self) -> dict[str, tuple[float, float]]:
        """Return each λ with its standard error, NaN if there is none yet."""
        values = (self.scale * self.bias).tolist()
        return dict(zip(self.names, zip(values, self.spread.tolist(), strict=True), strict=True))
