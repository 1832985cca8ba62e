"""A Hamiltonian network: equations of motion from a learnt energy, which they conserve."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from physml.networks.mlp import MLP


class Hamiltonian(nn.Module):
    r"""The canonical equations of a Hamiltonian that is a multilayer perceptron with tanh.

    .. math:: \dot q = \frac{\partial H}{\partial p}, \qquad \dot p = -\frac{\partial H}{\partial q}, \qquad
              H = \sum_k \mathrm{MLP}(\phi_k(q, p); w)

    Whatever the weights, the flow conserves H and the volume of phase space, and it runs backwards as it came. H is
    known up to a constant, and only where the data were. A symmetry of φ is one of H, and its conserved quantity is
    conserved by the motion, too; see `physml.ops.pair_invariants.pair_invariants`.

    The weights start orthogonal, as in the authors' code.

    Units: of H, those of q p over time; the features should be of order one.

    Source: Greydanus, Dzamba and Yosinski 2019, arXiv 1906.01563.

    Args:
        features: Components of a state: coordinates, then as many momenta.
        hidden: Widths of the hidden layers of H.
        embedding: φ, a function without weights that gives the features of each part k, (…, parts, features); the
            state itself as the only part if not given.

    Shapes: x (…, features) → (…, features)

    Raises:
        ValueError: The features are not as many coordinates as momenta.

    Example:
        >>> Hamiltonian(features=4, hidden=[8])(torch.zeros(5, 4)).shape
        torch.Size([5, 4])
    """

    def __init__(
        self,
        features: int,
        hidden: Sequence[int] = (200, 200),
        embedding: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        super().__init__()
        if features % 2:
            raise ValueError(
                f"expected an even number of features, coordinates and as many momenta, got {features}: "
                "use data of canonical states"
            )
        self.embedding = embedding
        self.network = MLP([self._parts(torch.ones(features)).shape[-1]], [], list(hidden), nn.Tanh())
        for layer in self.network.modules():
            if isinstance(layer, nn.Linear):
                nn.init.orthogonal_(layer.weight)

    def energy(self, x: Tensor) -> Tensor:
        """Return H of states. Shapes: (…, features) → (…,)."""
        return self.network(self._parts(x)).sum(-1)

    def forward(self, x: Tensor) -> Tensor:
        """Return how the states change with time; the graph is kept where gradients are wanted."""
        wanted = torch.is_grad_enabled()
        # A test runs in inference mode, which no gradient can be taken in.
        with torch.inference_mode(False), torch.enable_grad():
            x = x if x.requires_grad else x.clone().requires_grad_()
            (slope,) = torch.autograd.grad(self.energy(x).sum(), x, create_graph=wanted)
        by_coordinate, by_momentum = slope.chunk(2, dim=-1)
        return torch.cat([by_momentum, -by_coordinate], dim=-1)

    def _parts(self, x: Tensor) -> Tensor:
        """Shapes: (…, features) → (…, parts, features of a part)."""
        return x[..., None, :] if self.embedding is None else self.embedding(x)
