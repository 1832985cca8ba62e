"""A law written as few monomials of a field and its slopes."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from physml.ops.monomials import exponents, monomials, names
from physml.ops.sparse_regression import condense, stlsq


@dataclass(frozen=True)
class SparseLaw:
    r"""A rate of change as a sum of few monomials.

    .. math:: N(z) = \sum_k c_k \prod_j z_j^{p_{kj}}

    Units: each coefficient has the unit that makes its term a rate.

    Args:
        variables: Names of the z.
        powers: p.
        coefficients: c, 0 for a term that is not there.

    Shapes: powers (terms, variables), coefficients (terms,); z (points, variables) → (points,)

    Example:
        >>> import torch
        >>> z = torch.randn(50, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
        >>> print(read_law(z, 3 * z[:, 0] * z[:, 1] - z[:, 1], ["u", "u_x"], degree=2, threshold=0.1))
        −1 u_x + 3 u u_x
    """

    variables: tuple[str, ...]
    powers: Tensor
    coefficients: Tensor

    def __call__(self, z: Tensor) -> Tensor:
        """Return N(z)."""
        return monomials(z, self.powers) @ self.coefficients

    @property
    def terms(self) -> dict[str, float]:
        """The coefficients that are not 0, by their terms as they are written."""
        written = names(self.powers, list(self.variables))
        return {term: value for term, value in zip(written, self.coefficients.tolist(), strict=True) if value}

    def __str__(self) -> str:
        text = ""
        for term, value in self.terms.items():
            sign = ("−" if value < 0 else "") if not text else (" − " if value < 0 else " + ")
            text += f"{sign}{abs(value):.4g}" + (f" {term}" if term != "1" else "")
        return text or "0"


def read_law(z: Tensor, rate: Tensor, variables: Sequence[str], degree: int, threshold: float) -> SparseLaw:
    """Find the sparse law of rates that are known at some points, by `physml.ops.sparse_regression.stlsq`.

    Args:
        z: The variables at the points.
        rate: N there.
        variables: Their names.
        degree: Highest degree of a monomial.
        threshold: Below which a coefficient is dropped.

    Shapes: z (points, variables), rate (points,)
    """
    powers = exponents(len(variables), degree)
    equations = condense([(monomials(z.double(), powers), rate.double()[:, None])])
    return SparseLaw(tuple(variables), powers, stlsq(equations, threshold)[:, 0])
