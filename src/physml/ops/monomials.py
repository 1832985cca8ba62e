"""The monomials of some variables up to a degree: the library in which a sparse law is sought."""

from itertools import combinations_with_replacement

import torch
from torch import Tensor


def exponents(variables: int, degree: int) -> Tensor:
    r"""Return the powers of each variable in all monomials up to a degree, lowest degree first.

    There are :math:`\binom{n + d}{d}` of n variables up to the degree d.

    Shapes: (terms, variables), int64

    Example:
        >>> exponents(2, 2).tolist()
        [[0, 0], [1, 0], [0, 1], [2, 0], [1, 1], [0, 2]]
    """
    factors = [
        chosen for total in range(degree + 1) for chosen in combinations_with_replacement(range(variables), total)
    ]
    return torch.tensor([[chosen.count(number) for number in range(variables)] for chosen in factors])


def monomials(x: Tensor, powers: Tensor) -> Tensor:
    r"""Return :math:`\prod_j x_j^{p_{kj}}` for each row k of the powers.

    Shapes:
        x (…, variables), powers (terms, variables) → (…, terms)

    Example:
        >>> monomials(torch.tensor([2.0, 3.0]), exponents(2, 2))
        tensor([1., 2., 3., 4., 6., 9.])
    """
    ladder = [torch.ones_like(x)]
    for _ in range(int(powers.max())):
        ladder.append(ladder[-1] * x)
    table = torch.stack(ladder, dim=-2)  # (…, degree + 1, variables)
    values = table[..., powers[:, 0], 0]
    for number in range(1, powers.shape[1]):
        values = values * table[..., powers[:, number], number]
    return values


def names(powers: Tensor, variables: list[str]) -> list[str]:
    """Return the monomials as they are written.

    Example:
        >>> names(exponents(2, 2), ["x", "y"])
        ['1', 'x', 'y', 'x²', 'x y', 'y²']
    """
    raised = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
    written = [
        " ".join(
            name + (str(power).translate(raised) if power > 1 else "")
            for name, power in zip(variables, row, strict=True)
            if power
        )
        for row in powers.tolist()
    ]
    return [name or "1" for name in written]


def monomial_slopes(x: Tensor, powers: Tensor) -> Tensor:
    r"""Return :math:`\partial_i \prod_j x_j^{p_{kj}}` for each variable i and each row k of the powers.

    Shapes:
        x (…, variables), powers (terms, variables) → (…, variables, terms)

    Example:
        >>> monomial_slopes(torch.tensor([2.0, 3.0]), torch.tensor([[2, 1]]))
        tensor([[12.],
                [ 4.]])
    """
    lower = (powers - torch.eye(powers.shape[1], dtype=powers.dtype)[:, None]).clamp(min=0)
    return powers.T.to(x) * monomials(x, lower.flatten(0, 1)).unflatten(-1, lower.shape[:2])
