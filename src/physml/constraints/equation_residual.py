"""A field obeys a differential equation."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from physml.constraints.unknown_coefficients import UnknownCoefficients
from physml.ops.derivatives import derivatives
from physml.ops.linear_sum import linear_sum
from physml.ops.named import call, parameters


class EquationResidual(nn.Module):
    r"""Mean squared residual of a differential equation at points.

    .. math:: \Omega = \frac1N \sum_n \left| m(x_n)\, F(u, u_t, u_x, \dots)(x_n) \right|^2

    The equation says which derivatives it needs by the names of its residual's parameters; a variable's letter alone
    is the coordinate itself, for a source that depends on it. Those that it calls ``linear``, as F is linear in them
    with constant coefficients, are carried through the network as one sum, if the field can do that.

    Units: those of the residual, squared; see the equation.

    Args:
        equation: Has ``residual``, which is zero for a solution, such as `physml.physics.burgers.Burgers`.
        variables: A letter for each column of x.
        outputs: A name for each component of the field.
        weight: γ, the weight of Ω in the objective.
        parts: Real and imaginary part of each complex field, by their names among `outputs`.
        unknown: Coefficients that the residual reads and that are learnt.
        importance: m, how much an error at some place and time matters to the solution; 1 if not given. One that
            follows the training has ``observe(x, F)``, such as `physml.constraints.causal.CausalImportance`.

    Shapes: x (points, variables) → scalar
    """

    def __init__(
        self,
        equation: Any,
        variables: Sequence[str],
        outputs: Sequence[str] = ("u",),
        weight: float = 1.0,
        parts: Mapping[str, tuple[str, str]] | None = None,
        unknown: UnknownCoefficients | None = None,
        importance: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        super().__init__()
        self.equation, self.variables, self.outputs, self.weight = equation, list(variables), list(outputs), weight
        self.parts = dict(parts or {})
        self.unknown, self.importance = unknown, importance
        given = [*self.variables, *([] if unknown is None else unknown.names)]
        self.names = [name for name in parameters(equation.residual) if name not in given]
        alone = self.parts or unknown is not None
        self.sum = {} if alone else linear_sum(equation.residual, getattr(equation, "linear", ()))

    def forward(self, network: nn.Module, x: Tensor) -> Tensor:
        """Return Ω of a field at points, in training after a look at them."""
        if self.training:
            self.observe(network, x)
        return _size(self.residual(network, x)).square().mean()

    def residual(self, network: nn.Module, x: Tensor) -> Tensor:
        """Return m F of a field at each point. Shapes: (points,) or (points, components), as that of the equation.

        Raises:
            ValueError: The points have another number of variables.
        """
        residual = self._unweighted(network, x)
        if self.importance is None:
            return residual
        m = self.importance(x)
        return (m if residual.ndim == 1 else m[:, None]) * residual

    @torch.no_grad()
    def observe(self, network: nn.Module, x: Tensor) -> None:
        """Show F of a field at points to an importance that follows the training."""
        if hasattr(self.importance, "observe"):
            self.importance.observe(x, _size(self._unweighted(network, x)))

    def _unweighted(self, network: nn.Module, x: Tensor) -> Tensor:
        if x.shape[-1] != len(self.variables):
            raise ValueError(
                f"expected points with the variables {', '.join(self.variables)}, got {x.shape[-1]} columns: name each"
            )
        known = dict(zip(self.variables, x.unbind(-1), strict=True))
        if self.unknown is not None:
            known |= self.unknown.values(x)
        if self.sum and "sums" in parameters(getattr(network, "derivatives", network)):
            first, *others = self.sum
            names = [name for name in self.names if name not in self.sum]
            known |= network.derivatives(x, names, sums={first: self.sum})
            known |= dict.fromkeys(others, torch.zeros_like(known[first]))
        else:
            known |= self._each(network, x)
        return call(self.equation.residual, known)

    def _each(self, network: nn.Module, x: Tensor) -> dict[str, Tensor]:
        """What the residual reads of a field. For u = p + i q, u_xx is p_xx and q_xx."""
        pieces = {name: self._pieces(*name.partition("_")) for name in self.names}
        wanted = [piece for names in pieces.values() for piece in names]
        if hasattr(network, "derivatives"):
            found = network.derivatives(x, wanted)
        else:
            found = derivatives(network, x, wanted, self.variables, self.outputs)
        values = {name: [found[piece] for piece in names] for name, names in pieces.items()}
        return {name: torch.complex(*both) if len(both) == 2 else both[0] for name, both in values.items()}

    def _pieces(self, output: str, mark: str, letters: str) -> list[str]:
        return [part + mark + letters for part in self.parts.get(output, (output,))]


def _size(residual: Tensor) -> Tensor:
    """The absolute value of F at each point, of all its components together."""
    return residual.abs() if residual.ndim == 1 else torch.linalg.vector_norm(residual, dim=1)
