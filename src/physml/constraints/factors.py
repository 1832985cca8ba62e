"""What weightings share: weights of L and of the constraints from factors, and which terms are worth weighing."""

from collections.abc import Mapping

import torch
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


def beyond_rounding(terms: Tensor, weights: Mapping[str, float]) -> Tensor:
    r"""Return which terms are more than rounding errors: L, and constraints with :math:`|\Omega_k| > (32 \epsilon)^2`.

    The gradient of a law that the network obeys as it is built, such as a sum to one after a softmax, is made of
    rounding errors. A strategy that made it as large as the others would train the network on them.

    Units: that of a violation that counts as one, with which the Ω are made; ε is the precision, and sums of many
    numbers are off by several of it. A law in units so large that all of its violations are below 32 ε is taken for
    one that holds: give it a scale or choose smaller ones.

    Args:
        terms: L and the w_k Ω_k.
        weights: w_k by the constraint's name, in their order.

    Shapes: terms (n,) → (n,)

    Example:
        >>> beyond_rounding(torch.tensor([0.3, 2e-3, 2e-15]), {"energy": 0.1, "sum_to_one": 1.0})
        tensor([ True,  True, False])
    """
    exact = (32 * torch.finfo(terms.dtype).eps) ** 2
    return terms.abs() > terms.new_tensor([-1.0, *(exact * abs(weight) for weight in weights.values())])
