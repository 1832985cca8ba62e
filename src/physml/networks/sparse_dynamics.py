"""Equations of motion that are few terms of a library."""

import torch
from torch import Tensor, nn

from physml.ops.monomials import exponents, monomials, names


class SparseDynamics(nn.Module):
    r"""A rate of change as a sparse combination of monomials.

    .. math:: \dot x = \Theta(x)\, \Xi

    Θ holds all monomials of the variables up to a degree. Ξ is kept in double precision; it is found by sparse
    regression (`physml.tasks.sparse_regression`), whose zeros stay exact. ``spread`` is its standard error by a
    refinement, else its standard deviation over the members of an ensemble, 0 if there was neither.

    Units: those of x per time; each coefficient has the unit that makes it so.

    Source: Brunton, Proctor and Kutz 2016, doi 10.1073/pnas.1517384113.

    Args:
        variables: Names of the variables.
        degree: Highest degree of a monomial.

    Shapes: x (…, variables) → (…, variables)

    Example:
        >>> law = SparseDynamics(["x", "v"], degree=1)
        >>> _ = law.coefficients.data.copy_(torch.tensor([[0.0, 0.0], [0.0, -4.0], [1.0, 0.0]]))
        >>> law.formulas()
        ['dx/dt = 1 v', 'dv/dt = −4 x']
    """

    def __init__(self, variables: list[str], degree: int) -> None:
        super().__init__()
        self.variables = list(variables)
        self.register_buffer("powers", exponents(len(variables), degree), persistent=False)
        self.coefficients = nn.Parameter(torch.zeros(len(self.powers), len(variables), dtype=torch.float64))
        self.register_buffer("spread", torch.zeros_like(self.coefficients.data))

    def library(self, x: Tensor) -> Tensor:
        """Return Θ(x) in double precision. Shapes: (…, variables) → (…, terms)."""
        if x.shape[-1] != len(self.variables):
            raise ValueError(
                f"SparseDynamics expected {len(self.variables)} variables, {', '.join(self.variables)}, got "
                f"{x.shape[-1]}: set task.network.variables to those of the data"
            )
        return monomials(x.to(self.coefficients.dtype), self.powers)

    def forward(self, x: Tensor) -> Tensor:
        """Return ẋ."""
        return self.library(x) @ self.coefficients

    @property
    def terms(self) -> list[str]:
        """The monomials as they are written, in the order of the rows of Ξ."""
        return names(self.powers, self.variables)

    def formulas(self, digits: int = 5) -> list[str]:
        """Return the equations of motion as they are written, one for each variable."""
        written = []
        for variable, column in zip(self.variables, self.coefficients.detach().T.tolist(), strict=True):
            sum_ = ""
            for value, term in zip(column, self.terms, strict=True):
                if value:
                    sign = ("−" if value < 0 else "") if not sum_ else (" − " if value < 0 else " + ")
                    sum_ += f"{sign}{abs(value):.{digits}g}" + (f" {term}" if term != "1" else "")
            written.append(f"d{variable}/dt = {sum_ or '0'}")
        return written
