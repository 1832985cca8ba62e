"""From factors of the terms of J to the weights of L and of the constraints."""

from collections.abc import Mapping

from torch import Tensor


def gammas(factors: Tensor, weights: Mapping[str, float]) -> dict[str, Tensor]:
    r"""Return the weights that multiply L and the Ω_k, given those that multiply the terms L and w_k Ω_k.

    .. math:: \gamma_\text{loss} = \lambda_0, \qquad \gamma_k = w_k \lambda_k

    So a constraint of nominal weight 0 stays off, and one of twice the weight counts twice.

    Args:
        factors: λ, of L first and then of the constraints in their order.
        weights: w_k by the constraint's name.

    Shapes: factors (terms,) → scalars

    Example:
        >>> import torch
        >>> gammas(torch.tensor([1.5, 0.5]), {"energy": 4.0})
        {'loss': tensor(1.5000), 'energy': tensor(2.)}
    """
    nominal = {"loss": 1.0, **weights}
    return {name: nominal[name] * factor for name, factor in zip(nominal, factors, strict=True)}
