"""Least squares by damped Gauss–Newton steps."""

from collections.abc import Callable

import torch
from scipy.linalg import blas
from torch import Tensor


def levenberg_marquardt_step(
    r: Tensor,
    jacobian: Tensor,
    damping: float,
    try_step: Callable[[Tensor], float],
    trials: int = 10,
) -> tuple[Tensor, float]:
    r"""Return the step of the weights that lowers :math:`\lVert r \rVert^2`, and the damping for the next one.

    .. math:: (J^T J + \mu\, 1)\, \Delta w = -J^T r

    The damping μ is raised fourfold until the sum of squares falls, and lowered to a third afterwards.

    Units: μ in those of (residual / weight)².

    Source: Marquardt 1963, doi 10.1137/0111030.

    Args:
        r: Residuals.
        jacobian: J, their derivatives by the weights.
        damping: μ to begin with.
        try_step: Returns :math:`\lVert r \rVert^2` after a step.
        trials: How often μ is raised, at most.

    Returns:
        Δw, 0 if no step lowers the sum, and the next μ.

    Shapes: r (residuals,), jacobian (residuals, weights) → (weights,)

    Example:
        >>> a, b = torch.tensor([[2.0], [1.0]], dtype=torch.float64), torch.tensor([4.0, 2.0], dtype=torch.float64)
        >>> step, _ = levenberg_marquardt_step(-b, a, 1e-9, lambda dw: float((a @ dw - b).square().sum()))
        >>> round(float(step), 6)
        2.0
    """
    normal, slope, before = normal_matrix(jacobian), jacobian.T @ r, float(r @ r)
    diagonal = normal.diagonal().clone()
    for _ in range(trials):
        normal.diagonal().copy_(diagonal + damping)
        factor, failed = torch.linalg.cholesky_ex(normal)
        if not failed:
            step = torch.cholesky_solve(-slope[:, None], factor)[:, 0]
            if try_step(step) < before:
                return step, max(damping / 3, 1e-14)
        damping *= 4
    return torch.zeros_like(slope), damping


def normal_matrix(jacobian: Tensor) -> Tensor:
    r"""Return the lower triangle of :math:`J^T J`, which is all that a Cholesky factorisation reads.

    On a CPU in double precision BLAS computes this half alone, in half the time of the whole product.

    Shapes: (residuals, weights) → (weights, weights)
    """
    if jacobian.device.type != "cpu" or jacobian.dtype != torch.float64:
        return (jacobian.T @ jacobian).tril()
    # BLAS counts by columns: to it our rows are columns, and the upper triangle it fills is our lower one.
    return torch.from_numpy(blas.dsyrk(1.0, jacobian.numpy().T).T)
