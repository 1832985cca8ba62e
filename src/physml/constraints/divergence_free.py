"""A vector field has no sources: an incompressible flow, or a magnetic field."""

from torch import Tensor, nn

from physml.ops.derivatives import divergence


class DivergenceFree(nn.Module):
    r"""Mean squared divergence of the field that a network is of its input.

    .. math:: \Omega = \ell^2 \left\langle (\nabla \cdot f)^2 \right\rangle_x

    The points are those of the batch: data and law are met at the same places.

    Units: those of the field, squared; ℓ is in the unit of the coordinates.

    Args:
        scale: ℓ, a length over which the field varies.
        weight: γ, the weight of Ω in the objective.

    Shapes:
        x (points, axes), which the network maps to (points, axes), each point on its own → scalar

    Raises:
        ValueError: x is no list of points, or the field has not a component for each axis.

    Example:
        >>> import torch
        >>> def spring_water(x):
        ...     return 0.5 * x
        >>> float(DivergenceFree()(spring_water, torch.ones(3, 2)).detach())
        1.0
    """

    def __init__(self, scale: float = 1.0, weight: float = 1.0) -> None:
        super().__init__()
        self.scale, self.weight = scale, weight

    def forward(self, network: nn.Module, x: Tensor) -> Tensor:
        """Return Ω of a batch."""
        if x.ndim != 2:
            raise ValueError(
                f"divergence expected x of shape (points, axes), got {tuple(x.shape)}: use it where points in space "
                "are mapped to vectors"
            )
        return (self.scale * divergence(network, x)).square().mean()
