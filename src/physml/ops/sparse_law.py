"""Laws written as few monomials of some fields and their slopes."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from physml.ops.monomials import exponents, monomials, names
from physml.ops.sparse_regression import condense, stlsq


@dataclass(frozen=True)
class SparseLaw:
    r"""Rates of change as sums of few monomials.

    .. math:: N_i(z) = \sum_k c_{ki} \prod_j z_j^{p_{kj}}

    Units: each coefficient has the unit that makes its term a rate.

    Args:
        variables: Names of the z.
        rates: Names of the N.
        powers: p.
        coefficients: c, 0 for a term that is not there.

    Shapes: powers (terms, variables), coefficients (terms, rates); z (points, variables) → (points, rates)

    Example:
        >>> z = torch.randn(50, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
        >>> rate = 3 * z[:, :1] * z[:, 1:] - z[:, 1:]
        >>> law = read_law(z, rate, ["u", "u_x"], ["u_t"], degree=2, threshold=0.1)
        >>> print(law)
        u_t = −1 u_x + 3 u u_x
        >>> list(law.terms)
        ['u_t: u_x', 'u_t: u u_x']
    """

    variables: tuple[str, ...]
    rates: tuple[str, ...]
    powers: Tensor
    coefficients: Tensor

    def __call__(self, z: Tensor) -> Tensor:
        """Return N(z)."""
        return monomials(z, self.powers) @ self.coefficients

    @property
    def terms(self) -> dict[str, float]:
        """The coefficients that are not 0, by the rate and the term as it is written."""
        return {f"{rate}: {term}": value for rate in self.rates for term, value in self._terms(rate).items()}

    def __str__(self) -> str:
        return ", ".join(f"{rate} = {_written(self._terms(rate))}" for rate in self.rates)

    def _terms(self, rate: str) -> dict[str, float]:
        column = self.coefficients[:, self.rates.index(rate)].tolist()
        written = names(self.powers, list(self.variables))
        return {term: value for term, value in zip(written, column, strict=True) if value}


def _written(terms: dict[str, float]) -> str:
    text = ""
    for term, value in terms.items():
        sign = ("−" if value < 0 else "") if not text else (" − " if value < 0 else " + ")
        text += f"{sign}{abs(value):.4g}" + (f" {term}" if term != "1" else "")
    return text or "0"


def read_law(
    z: Tensor, rate: Tensor, variables: Sequence[str], rates: Sequence[str], degree: int, threshold: float
) -> SparseLaw:
    r"""Find the sparse law of rates that are known at some points, by `physml.ops.sparse_regression.stlsq`.

    A term is dropped by its share of the rate, whatever its units:

    .. math:: \frac{|c_{ki}|\; \mathrm{std}\left( \prod_j z_j^{p_{kj}} \right)}{\mathrm{std}(N_i)} < \text{threshold}

    with 1 for the spread of the constant term. The law is on the CPU.

    Args:
        z: The variables at the points.
        rate: N there.
        variables: Names of the variables.
        rates: Names of the rates.
        degree: Highest degree of a monomial.
        threshold: Share of the rate below which a term is dropped.

    Shapes: z (points, variables), rate (points, rates)
    """
    powers = exponents(len(variables), degree)
    terms, rate = monomials(z.cpu().double(), powers), rate.cpu().double()
    spread = terms.std(0)
    spread = torch.where(spread == 0, 1.0, spread)  # of a constant
    whole = rate.std(0).clamp(min=torch.finfo(rate.dtype).tiny)  # of a rate that is 0 no term is a share
    shares = stlsq(condense([(terms / spread, rate / whole)]), threshold)
    return SparseLaw(tuple(variables), tuple(rates), powers, shares * whole / spread[:, None])
