"""One Levenberg–Marquardt step of the weights of some layers, for tasks that make their steps themselves."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from physml.ops.levenberg_marquardt import levenberg_marquardt_step
from physml.ops.point_jacobian import point_jacobian


def second_order_step(
    optimizer: torch.optim.Optimizer,
    layers: list[nn.Module],
    residuals: Callable[[], Tensor],
    damping: Tensor,
    decay: Tensor | None = None,
) -> Tensor:
    r"""Lower a sum of squares of residuals and of weights by one step, and return what it was before.

    .. math:: J(w) = \sum_{nk} r_{nk}(w)^2 + \sum_i \lambda_i w_i^2

    Args:
        optimizer: Takes the step: ``SGD`` with a learning rate of 1, so that the trainer counts it.
        layers: All that the residuals depend on; see `physml.ops.point_jacobian.point_jacobian`.
        residuals: Computes r, (points, kinds).
        damping: μ of the step, a scalar, which is changed to that of the next one.
        decay: λ by weight, in the order of the layers' parameters; 0 unless given.

    Returns:
        J, a scalar.
    """
    weights = [weights for layer in layers for weights in layer.parameters()]
    before = parameters_to_vector(weights).detach()
    decay = torch.zeros_like(before) if decay is None else decay

    @torch.no_grad()
    def sum_after(step: Tensor) -> float:
        vector_to_parameters(before + step, weights)
        return float(residuals().square().sum() + decay @ (before + step).square())

    r, jacobian = point_jacobian(residuals, layers)
    if len(shrunk := decay.nonzero()[:, 0]):  # √λ w is a residual as well
        r = torch.cat([r, (decay.sqrt() * before)[shrunk]])
        jacobian = torch.cat([jacobian, decay.sqrt().diag()[shrunk]])
    step, after = levenberg_marquardt_step(r, jacobian, float(damping), sum_after)
    vector_to_parameters(before, weights)
    damping.fill_(after)
    optimizer.zero_grad()  # or weights that were moved by an earlier step and not by this one would be moved again
    for each, change in zip(weights, step.split([each.numel() for each in weights]), strict=True):
        each.grad = -change.view_as(each)
    optimizer.step()
    return r.square().sum()
