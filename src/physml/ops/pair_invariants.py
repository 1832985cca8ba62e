"""What a shift, a turn or a mirror image of some bodies in a plane leaves as it is."""

import torch
from torch import Tensor


def pair_invariants(state: Tensor) -> Tensor:
    r"""Return the distances of bodies, as logarithms, and the products of their momenta.

    .. math:: \ln |q_i - q_j| \quad (i < j), \qquad p_i \cdot p_j \quad (i \le j)

    A Hamiltonian that reads these alone conserves the total momentum and the total angular momentum exactly: each
    symmetry has its conserved quantity. What depends on the directions of momenta along the distances is left out, such
    as magnetic forces. The logarithm tells near encounters apart, where forces are large.

    Units: of distances, any that makes them of order one.

    Source: Noether 1918, doi 10.1080/00411457108231446 (English translation, 1971).

    Args:
        state: Coordinates of the bodies, one body after the other, and then their momenta.

    Shapes: (…, 4 bodies) → (…, bodies²)

    Raises:
        ValueError: The state is not one of bodies in a plane.

    Example:
        >>> pair_invariants(torch.tensor([0.0, 0.0, 3.0, 4.0, 1.0, 0.0, 2.0, 1.0]))  # ln 5; p₁², p₁ · p₂, p₂²
        tensor([1.6094, 1.0000, 2.0000, 5.0000])
    """
    if state.shape[-1] % 4:
        raise ValueError(
            f"expected states of bodies in a plane, 4 features a body, got {state.shape[-1]}: use data of gravity"
        )
    q, p = state.unflatten(-1, (2, -1, 2)).unbind(-3)
    bodies = q.shape[-2]
    first, second = torch.triu_indices(bodies, bodies, 1, device=state.device)
    distance = (q[..., first, :] - q[..., second, :]).norm(dim=-1)
    first, second = torch.triu_indices(bodies, bodies, device=state.device)
    product = (p[..., first, :] * p[..., second, :]).sum(-1)
    return torch.cat([distance.log(), product], dim=-1)
