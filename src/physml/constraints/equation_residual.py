"""A field obeys a differential equation."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from physml.ops.derivatives import derivatives
from physml.ops.named import call, parameters


class EquationResidual(nn.Module):
    r"""Mean squared residual of a differential equation at points.

    .. math:: \Omega = \frac1N \sum_n \left| F(u, u_t, u_x, \dots)(x_n) \right|^2

    The equation says which derivatives it needs by the names of its residual's parameters; a variable's letter alone
    is the coordinate itself, for a source that depends on it.

    Units: those of the residual, squared; see the equation.

    Args:
        equation: Has ``residual``, which is zero for a solution, such as `physml.physics.burgers.Burgers`.
        variables: A letter for each column of x.
        outputs: A name for each component of the field.
        weight: γ, the weight of Ω in the objective.

    Shapes: x (points, variables) → scalar
    """

    def __init__(
        self, equation: Any, variables: Sequence[str], outputs: Sequence[str] = ("u",), weight: float = 1.0
    ) -> None:
        super().__init__()
        self.equation, self.variables, self.outputs, self.weight = equation, list(variables), list(outputs), weight
        self.names = [name for name in parameters(equation.residual) if name not in self.variables]

    def forward(self, network: nn.Module, x: Tensor) -> Tensor:
        """Return Ω of a field at points."""
        return self.residual(network, x).abs().square().mean()

    def residual(self, network: nn.Module, x: Tensor) -> Tensor:
        """Return the residual of a field at each point. Shapes: (points,)."""
        if hasattr(network, "derivatives"):
            found = network.derivatives(x, self.names)
        else:
            found = derivatives(network, x, self.names, self.variables, self.outputs)
        return call(self.equation.residual, found | dict(zip(self.variables, x.unbind(-1), strict=True)))
