"""What a shift, a turn or a mirror image of some bodies in a plane leaves as it is, pair by pair."""

import torch
from torch import Tensor


def pair_invariants(state: Tensor) -> Tensor:
    r"""Return for each pair the logarithm of its distance, and the squares of the sum and difference of its momenta.

    .. math:: \ln |q_i - q_j|, \qquad |p_i + p_j|^2, \qquad |p_i - p_j|^2 \qquad (i < j)

    An energy that is a sum over pairs of one function of these is that of bodies of one kind which interact two by two.
    Its motion conserves the total momentum and the total angular momentum exactly: each symmetry has its conserved
    quantity. What depends on the directions of momenta along the distances is left out, such as magnetic forces. The
    logarithm tells near encounters apart, where forces are large.

    Units: of distances, any that makes them of order one.

    Source: Noether 1918, doi 10.1080/00411457108231446 (English translation, 1971).

    Args:
        state: Coordinates of the bodies, one body after the other, and then their momenta.

    Shapes: (…, 4 bodies) → (…, pairs, 3)

    Raises:
        ValueError: The state is not one of two bodies or more in a plane.

    Example:
        >>> pair_invariants(torch.tensor([0.0, 0.0, 3.0, 4.0, 1.0, 0.0, 2.0, 1.0]))  # ln 5; (3, 1)² and (−1, −1)²
        tensor([[ 1.6094, 10.0000,  2.0000]])
    """
    if state.shape[-1] % 4 or state.shape[-1] < 8:
        raise ValueError(
            f"expected states of two bodies or more in a plane, 4 features a body, got {state.shape[-1]}: "
            "use data of gravity"
        )
    q, p = state.unflatten(-1, (2, -1, 2)).unbind(-3)
    i, j = torch.triu_indices(q.shape[-2], q.shape[-2], 1, device=state.device)
    distance = (q[..., i, :] - q[..., j, :]).norm(dim=-1)
    sums, differences = p[..., i, :] + p[..., j, :], p[..., i, :] - p[..., j, :]
    return torch.stack([distance.log(), sums.square().sum(-1), differences.square().sum(-1)], dim=-1)
