"""Sparse solutions of linear equations, from as many equations as there are."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class Equations(NamedTuple):
    r"""Linear equations A Ξ = B in the form of a triangle: :math:`\lVert A \Xi - B \rVert` up to a constant is
    :math:`\lVert R\, \Xi - C \rVert`.

    Args:
        triangle: R (terms, terms).
        target: C = Qᵀ B (terms, targets).
    """

    triangle: Tensor
    target: Tensor


def condense(parts: Sequence[tuple[Tensor, Tensor]]) -> Equations:
    r"""Return the equations of all parts, by an orthogonal transformation of them.

    R is that of A = Q R: equations are added part by part without being kept, and unlike with AᵀA no precision is lost.

    Shapes:
        parts (equations, terms) and (equations, targets) each → triangle (terms, terms), target (terms, targets)

    Example:
        >>> r, c = condense([(torch.tensor([[3.0], [4.0]]), torch.tensor([[6.0], [8.0]]))])
        >>> float(c / r)
        2.0
    """
    a, b = (torch.cat(column) for column in zip(*parts, strict=True))
    if len(a) < a.shape[1]:
        a = torch.cat([a, a.new_zeros(a.shape[1] - len(a), a.shape[1])])
        b = torch.cat([b, b.new_zeros(len(a) - len(b), b.shape[1])])
    q, r = torch.linalg.qr(a)
    return Equations(r, q.T @ b)


def least_squares(equations: Equations, terms: Tensor) -> Tensor:
    """Return the least-squares coefficients with some terms only, 0 for the others.

    Args:
        equations: R and C.
        terms: Which terms may be there for each target, bool.

    Shapes: terms (terms, targets) → (terms, targets)
    """
    triangle, target = equations.triangle.cpu(), equations.target.cpu()  # small, and gelsd is of the CPU alone
    scale = triangle.norm(dim=0).clamp(min=torch.finfo(triangle.dtype).tiny)  # monomials differ by orders of magnitude
    solution = torch.zeros_like(target)
    for column, held in enumerate(terms.cpu().T):
        scaled = triangle[:, held] / scale[held]
        found = torch.linalg.lstsq(scaled, target[:, column, None], driver="gelsd").solution[:, 0]
        solution[held, column] = found / scale[held]
    return solution.to(equations.target.device)


def stlsq(equations: Equations, threshold: float) -> Tensor:
    r"""Sequentially thresholded least squares: drop what is small and solve again with the rest, until nothing is.

    Source: Brunton, Proctor and Kutz 2016, doi 10.1073/pnas.1517384113.

    Args:
        equations: R and C.
        threshold: λ, below which a coefficient is dropped.

    Returns:
        Ξ, exactly 0 where a term was dropped.

    Shapes: (terms, targets)

    Example:
        >>> stlsq(Equations(torch.eye(2), torch.tensor([[2.0], [0.01]])), threshold=0.1)
        tensor([[2.],
                [0.]])
    """
    terms = torch.ones_like(equations.target, dtype=torch.bool)
    while True:
        coefficients = least_squares(equations, terms)
        kept = terms & (coefficients.abs() >= threshold)
        if torch.equal(kept, terms):
            return coefficients
        terms = kept


def ensemble(
    parts: Sequence[Equations], threshold: float, members: int, inclusion: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    r"""Sparse regression of resampled equations: a term stays that enough of the members hold.

    The members are `stlsq` of parts drawn with replacement; the coefficients are then those of all equations with the
    terms that stay.

    Source: Fasel, Kutz, Brunton and Brunton 2022, doi 10.1098/rspa.2021.0904 (bagging).

    Args:
        parts: Equations from independent parts of the data.
        threshold: λ of each member.
        members: Number of resampled sets.
        inclusion: Which part of the members has to hold a term.
        generator: Source of the draws.

    Returns:
        Ξ, and its standard deviation over the members that hold a term.

    Shapes: (terms, targets) twice
    """
    found = []
    for _ in range(members):
        drawn = torch.randint(len(parts), (len(parts),), generator=generator).tolist()
        found.append(stlsq(condense([parts[number] for number in drawn]), threshold))
    members_found = torch.stack(found)
    held = members_found != 0
    stays = held.double().mean(0) >= inclusion
    coefficients = least_squares(condense(parts), stays)
    count = held.sum(0).clamp(min=1)
    mean = members_found.sum(0) / count
    spread = ((members_found - mean) ** 2 * held).sum(0) / (count - 1).clamp(min=1)
    return coefficients, torch.where(stays, spread.sqrt(), 0.0)
