"""Coordinates in which a law has few terms, among all affine changes of given ones."""

import torch
from torch import Tensor

from physml.ops.monomials import monomials

SOFT = 1e-3  # share from where on |share| is smooth


def sparsest_coordinates(
    z: Tensor, rate: Tensor, powers: Tensor, starts: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    r"""Return the affine change of coordinates in which the shares of the terms of a law add up to least.

    .. math::
        z' = z M + s, \qquad \dot z'_j = \sum_k c_{kj}\, \theta_k(z'), \qquad
        \min_{M, s} \sum_{kj} \frac{|c_{kj}|\; \mathrm{std}(\theta_k)}{\mathrm{std}(\dot z'_j)}

    Nothing else fixes the coordinates of an autoencoder, and a law of few terms has many in most of them. The new
    coordinates have unit variance, but need not be uncorrelated. For the constant term the spread is 1. There are
    several minima: the lowest that is found from the given coordinates and from random rotations of them is taken. From
    there the sum of the square roots of the shares is lowered, which prefers one term to two small ones.

    Args:
        z: Coordinates of some points, whose rate is a polynomial of them.
        rate: ż there.
        powers: Of the monomials θ, all up to the degree of the polynomial.
        starts: Number of random rotations.
        generator: Source of the rotations.

    Returns:
        M and s.

    Shapes: z and rate (points, variables) → (variables, variables) and (variables,)

    Raises:
        ValueError: Coordinates are linear functions of others.

    Example:
        >>> z = torch.randn(50, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
        >>> rate = torch.stack([z[:, 1], -z[:, 0]], dim=1)  # a rotation, seen in coordinates at an angle
        >>> mixed = torch.tensor([[1.0, 0.4], [0.3, 1.0]], dtype=torch.float64)
        >>> powers = torch.tensor([[0, 0], [1, 0], [0, 1]])
        >>> m, s = sparsest_coordinates(z @ mixed, rate @ mixed, powers, starts=3, generator=torch.Generator())
        >>> law = torch.linalg.lstsq(monomials(z @ mixed @ m + s, powers), rate @ mixed @ m).solution
        >>> int((law.abs() > 0.01).sum())
        2
    """
    mean, count = z.mean(0), z.shape[1]
    values, axes = torch.linalg.eigh(torch.cov(z.T).reshape(count, count))
    if values[0] <= 1e-10 * values[-1]:
        raise ValueError("expected independent coordinates, got some that are functions of the others: use fewer")
    whiten = axes / values.sqrt()
    white, rate = (z - mean) @ whiten, rate @ whiten
    given = torch.linalg.inv(whiten)
    begins = [(given, mean / given.norm(dim=0))]
    for _ in range(starts):
        rotation = torch.linalg.qr(torch.randn(count, count, generator=generator).to(z))[0]
        begins.append((rotation, mean.new_zeros(count)))
    _, *best = min((_lowest(*begin, white, rate, powers, 1.0) for begin in begins), key=lambda found: found[0])
    _, turn, shift = _lowest(*best, white, rate, powers, 0.5)
    matrix = whiten @ turn
    return matrix, shift - mean @ matrix


def _lowest(
    turn: Tensor, shift: Tensor, z: Tensor, rate: Tensor, powers: Tensor, power: float
) -> tuple[float, Tensor, Tensor]:
    """The next minimum of the sum of |share| to a power, from a matrix and a shift: the sum, the matrix, the shift."""
    axes = turn.clone(memory_format=torch.contiguous_format).requires_grad_()
    shift = shift.clone().requires_grad_()
    optimizer = torch.optim.LBFGS([axes, shift], max_iter=300, history_size=20, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        unit = axes / axes.norm(dim=0)
        shares = _shares(z @ unit + shift, rate @ unit, powers)
        total = ((shares.square() + SOFT**2) ** (power / 2)).sum()
        total.backward()
        return total

    with torch.enable_grad():
        optimizer.step(closure)
        total = closure()
    return float(total.detach()), (axes / axes.norm(dim=0)).detach(), shift.detach()


def _shares(z: Tensor, rate: Tensor, powers: Tensor) -> Tensor:
    """Coefficients of the law in units of its terms' and its rates' spreads. Shapes: (terms, variables)."""
    terms = monomials(z, powers)
    spread = torch.where(powers.sum(1) == 0, 1.0, terms.std(0))
    q, r = torch.linalg.qr(terms / spread)
    return torch.linalg.solve_triangular(r, q.T @ (rate / rate.std(0)), upper=True)
