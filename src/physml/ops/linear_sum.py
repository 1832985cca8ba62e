"""The part of an equation that is a sum of derivatives with constant coefficients."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from physml.ops.named import call, parameters


def linear_sum(residual: Callable[..., Tensor], linear: Sequence[str]) -> dict[str, float]:
    r"""Return the coefficients of the sum of derivatives in which a residual is linear, relative to the first of them.

    .. math:: F(u, \dots, d_1, \dots, d_m) = F(u, \dots, \textstyle\sum_i \frac{c_i}{c_1} d_i, 0, \dots, 0)

    A field that carries the sum through its layers needs one channel for it in place of m
    (`physml.networks.field.Field.derivatives`).

    Units: those of d_1 / d_i.

    Args:
        residual: F, of arguments by their names.
        linear: Names of the d, derivatives of one component; that they are linear is looked at.

    Returns:
        :math:`c_i / c_1` by name, nothing for fewer than two names.

    Raises:
        ValueError: F is not linear in them with constant coefficients.

    Example:
        >>> linear_sum(lambda u, u_t, u_x, u_xx: u_t + u * u_x - 0.5 * u_xx, ["u_t", "u_xx"])
        {'u_t': 1.0, 'u_xx': -0.5}
    """
    if len(linear) < 2:
        return {}
    draw = torch.Generator().manual_seed(0)
    at = {name: torch.randn(9, generator=draw, dtype=torch.float64) for name in parameters(residual)}
    without = call(residual, at | {name: torch.zeros(9, dtype=torch.float64) for name in linear})
    slopes = {name: call(residual, at | _unit(name, linear)) - without for name in linear}
    factors = {name: float(slope[0]) for name, slope in slopes.items()}
    found = {name: factor / factors[linear[0]] for name, factor in factors.items()} if factors[linear[0]] else {}
    summed = {name: torch.zeros(9, dtype=torch.float64) for name in linear}
    summed[linear[0]] = sum(factor * at[name] for name, factor in found.items())
    if not found or not torch.allclose(call(residual, at | summed), call(residual, at), rtol=1e-9, atol=1e-12):
        raise ValueError(
            f"expected a residual that is linear in {', '.join(linear)} with constant coefficients, got another one: "
            "take those out of the equation's `linear`"
        )
    return found


def _unit(name: str, linear: Sequence[str]) -> dict[str, Tensor]:
    return {each: torch.full((9,), float(each == name), dtype=torch.float64) for each in linear}
