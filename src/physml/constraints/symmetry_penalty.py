"""Equivariance or invariance under a declared group, for networks that are not symmetric by construction."""

from torch import Tensor, nn

from physml.ops.groups import Group
from physml.ops.named import call


class SymmetryPenalty(nn.Module):
    r"""How far the network is from commuting with a random element of a group.

    .. math:: \Omega = \frac{1}{s^2} \bigl\langle \lVert f(g x) - g f(x) \rVert^2 \bigr\rangle,\qquad g \sim G

    One element g is drawn for each batch, and the mean is over all numbers of the output. Gradients flow through both
    terms, and it costs a second pass through the network.

    Units:
        Dimensionless; s carries the unit of the output.

    Args:
        group: G, with its action on the input ``x`` and on the output.
        scale: Size s of the output that counts as a violation of order one.
        weight: γ, the weight of Ω in the objective.

    Shapes:
        as `group` says; returns a scalar

    Raises:
        ValueError: `scale` is not positive.
    """

    def __init__(self, group: Group, scale: float = 1.0, weight: float = 1.0) -> None:
        super().__init__()
        if scale <= 0:
            raise ValueError(f"expected a scale > 0 of the output, got {scale}: give a deviation that counts as one")
        self.group, self.scale, self.weight = group, scale, weight

    def forward(self, network: nn.Module, prediction: Tensor, x: Tensor, offsets: Tensor | None = None) -> Tensor:
        """Return Ω of the batch; `offsets` are handed on to a network that reads them."""
        element = self.group.sample(x)
        others = {} if offsets is None else {"offsets": offsets}
        transformed = call(network, {"x": element.on_input(x)} | others)
        return (transformed - element.on_output(prediction)).square().mean() / self.scale**2
