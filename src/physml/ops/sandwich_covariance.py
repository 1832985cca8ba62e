"""How much fitted weights scatter because the data do."""

import torch
from torch import Tensor

from physml.ops.levenberg_marquardt import normal_matrix


def sandwich_covariance(r: Tensor, jacobian: Tensor, which: list[int], damping: float) -> Tensor:
    r"""Return the covariance of some of the weights at a minimum of :math:`\lVert r \rVert^2`.

    .. math:: C = \frac{N}{N - p}\, H^{-1} \Big(\sum_n r_n^2\, J_n J_n^T\Big) H^{-1}, \qquad H = J^T J + \mu\, 1

    H⁻¹ J is what a residual's change does to the weights (Gauss–Newton), and each residual is its own measure of how
    much it scatters. So residuals may scatter differently, as those of data and of equations do, which the usual
    :math:`\sigma^2 H^{-1}` does not allow. N residuals depend on p weights; if N ≤ p all is NaN.

    Units: those of the weights, squared.

    Source: White 1980, doi 10.2307/1912934.

    Args:
        r: Residuals.
        jacobian: J, their derivatives by the weights.
        which: The weights wanted.
        damping: μ, which holds directions that the residuals do not determine.

    Shapes: r (residuals,), jacobian (residuals, weights) → (wanted, wanted)

    Example:
        >>> mean = sandwich_covariance(torch.tensor([1.0, -1.0, 1.0, -1.0]), torch.ones(4, 1), [0], 0.0)
        >>> round(float(mean), 4)  # of a mean of 4 values: the sample variance over 4
        0.3333
    """
    residuals, weights = jacobian.shape
    if residuals <= weights:
        return torch.full((len(which), len(which)), torch.nan).to(jacobian)
    normal = normal_matrix(jacobian)
    normal.diagonal().add_(damping)
    wanted = torch.zeros(weights, len(which)).to(jacobian)
    wanted[which, range(len(which))] = 1
    influence = r[:, None] * (jacobian @ torch.cholesky_solve(wanted, torch.linalg.cholesky(normal)))
    return residuals / (residuals - weights) * influence.T @ influence
