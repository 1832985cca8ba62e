"""A Lagrangian network: accelerations from a learnt Lagrangian, in any coordinates."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from physml.networks.mlp import MLP


class Lagrangian(nn.Module):
    r"""The Euler–Lagrange equations of a Lagrangian that is a multilayer perceptron with softplus.

    .. math::

        \frac{d}{dt} \frac{\partial L}{\partial \dot q} = \frac{\partial L}{\partial q} \quad \Rightarrow \quad
        \ddot q = \left( \frac{\partial^2 L}{\partial \dot q\, \partial \dot q} \right)^{-1}
        \left( \frac{\partial L}{\partial q} - \frac{\partial^2 L}{\partial \dot q\, \partial q}\, \dot q \right),
        \qquad L = \mathrm{MLP}(q, \dot q; w)

    Coordinates and velocities do, where a Hamiltonian needs canonical momenta. The energy
    :math:`\dot q \cdot \partial L / \partial \dot q - L` is conserved. A perceptron's matrix of second derivatives may
    be close to singular, so half the square of the velocities is added to it: a free particle to begin with.

    Units: of L, energies; the features should be of order one.

    Source: Cranmer, Greydanus, Hoyer, Battaglia, Spergel and Ho 2020, arXiv 2003.04630.

    Args:
        features: Components of a state: coordinates, then as many velocities.
        hidden: Widths of the hidden layers of L.

    Shapes: x (…, features) → (…, features), the velocities and the accelerations

    Raises:
        ValueError: The features are not as many coordinates as velocities.

    Example:
        >>> Lagrangian(features=4, hidden=[8])(torch.zeros(5, 4)).shape
        torch.Size([5, 4])
    """

    def __init__(self, features: int, hidden: Sequence[int] = (128, 128)) -> None:
        super().__init__()
        if features % 2:
            raise ValueError(
                f"expected an even number of features, coordinates and as many velocities, got {features}: "
                "use data of states with velocities"
            )
        self.network = MLP([features], [], list(hidden), nn.Softplus())

    def lagrangian(self, x: Tensor) -> Tensor:
        """Return L of states. Shapes: (…, features) → (…,)."""
        velocity = x.chunk(2, dim=-1)[1]
        return velocity.square().sum(-1) / 2 + self.network(x)

    def energy(self, x: Tensor) -> Tensor:
        """Return the energy of states, which is conserved. Shapes: (…, features) → (…,)."""
        with torch.inference_mode(False), torch.enable_grad():
            x = x if x.requires_grad else x.clone().requires_grad_()
            value = self.lagrangian(x)
            (slope,) = torch.autograd.grad(value.sum(), x, create_graph=True)
        return (x.chunk(2, dim=-1)[1] * slope.chunk(2, dim=-1)[1]).sum(-1) - value

    def forward(self, x: Tensor) -> Tensor:
        """Return how the states change with time; the graph is kept where gradients are wanted."""
        wanted = torch.is_grad_enabled()
        # A test runs in inference mode, which no gradient can be taken in.
        with torch.inference_mode(False), torch.enable_grad():
            x = x if x.requires_grad else x.clone().requires_grad_()
            (slope,) = torch.autograd.grad(self.lagrangian(x).sum(), x, create_graph=True)
            force, momentum = slope.chunk(2, dim=-1)
            rows = [
                torch.autograd.grad(each.sum(), x, create_graph=wanted, retain_graph=True)[0]
                for each in momentum.unbind(-1)
            ]
        mixed, mass = torch.stack(rows, dim=-2).chunk(2, dim=-1)
        velocity = x.chunk(2, dim=-1)[1]
        force = force - (mixed @ velocity[..., None])[..., 0]
        found = torch.cat([velocity, torch.linalg.solve(mass, force)], dim=-1)
        return found if wanted else found.detach()
