"""E(3)-equivariant message passing between all bodies of an event, built from e3nn's irreps."""

import torch
from e3nn import o3
from e3nn.nn import Gate
from torch import Tensor, nn

from physml.ops.bounds import check_at_least


class E3Network(nn.Module):
    r"""Where interacting bodies will be, by a learned integrator whose every layer is E(3)-equivariant.

    Each of the L layers passes messages between all bodies, kicks the velocities and moves the positions, and the next
    layer sees the bodies where they have moved to:

    .. math::
        m_{ij} &= (h_j \oplus v_j) \otimes_{w_{ij}} Y(\hat r_{ij}), \qquad w_{ij} = \mathrm{MLP}(s_{ij}) \\
        h_i &\leftarrow h_i + \mathrm{gate}\Big(W_1 (h_i \oplus v_i)
            + W_2 \tfrac{1}{\sqrt{n - 1}} \sum_{j \ne i} m_{ij}\Big) \\
        v_i &\leftarrow v_i + \tfrac{T}{L} (W_3 h_i)_1, \qquad x_i \leftarrow x_i + \tfrac{T}{L} (v_i + (W_3 h_i)_2)

    The scalars :math:`s_{ij}` of an edge are those of :math:`h_i` and :math:`h_j`, the distance, the product of the
    charges, and the products of :math:`v_i, v_j, \hat r_{ij}`. Rotating, reflecting or translating the input does the
    same to the output, renumbering the bodies renumbers it, and as charges enter in products only, turning the sign of
    all of them changes nothing.

    Units:
        Those of the data: positions in a length, velocities in that length per unit of `duration`.

    Source:
        Tensor products and gates: Geiger and Smidt 2022, arXiv 2207.09453; weights of the products from a network of
        the edge's scalars: Batzner et al. 2022, arXiv 2101.03164; moving the positions in each layer: Satorras et al.
        2021, arXiv 2102.09844.

    Args:
        hidden: Irreps of the features h of a body; scalars ``0e`` and vectors ``1o`` must be among them.
        harmonics: Irreps of the spherical harmonics Y of an edge's direction.
        layers: Number of layers L.
        neurons: Hidden width of the MLP.
        duration: Time T from the given state to the predicted positions.

    Shapes:
        x: (events, bodies, 7) position, velocity, charge; returns positions (events, bodies, 3).

    Raises:
        ValueError: `hidden` lacks scalars or vectors, `layers` is not positive, or x is not of the shape above.

    Example:
        >>> network = E3Network(hidden="4x0e + 2x1o", layers=1)
        >>> network(torch.randn(2, 5, 7)).shape
        torch.Size([2, 5, 3])
    """

    def __init__(
        self,
        hidden: str = "32x0e + 16x1o",
        harmonics: str = "1x0e + 1x1o",
        layers: int = 4,
        neurons: int = 64,
        duration: float = 1.0,
    ) -> None:
        super().__init__()
        check_at_least(1, layers=layers)
        wanted = o3.Irreps(hidden)
        scalars = o3.Irreps([(wanted.count("0e"), "0e")])
        irreps = (scalars + o3.Irreps([entry for entry in wanted if entry.ir != o3.Irrep("0e")])).simplify()
        if not wanted.count("0e") or not wanted.count("1o"):
            raise ValueError(
                f"expected hidden irreps with scalars 0e and vectors 1o, got {hidden!r}: add those missing"
            )
        self.step = duration / layers
        self.embedding = o3.Linear("1x0e + 1x1o", irreps)
        self.layers = nn.ModuleList(_Layer(irreps, o3.Irreps(harmonics), neurons) for _ in range(layers))

    def forward(self, x: Tensor) -> Tensor:
        """Return the positions of the bodies after `duration`."""
        if x.ndim != 3 or x.shape[-1] != 7:
            raise ValueError(
                f"expected x of shape (events, bodies, 7), got {tuple(x.shape)}: pass position, velocity, charge"
            )
        position, velocity, charge = x.split([3, 3, 1], dim=-1)
        features = self.embedding(torch.cat([_dot(velocity, velocity), velocity], dim=-1))
        for layer in self.layers:
            features, kick, shift = layer(features, position, velocity, charge)
            velocity = velocity + self.step * kick
            position = position + self.step * (velocity + shift)
        return position


class _Layer(nn.Module):
    """One round of messages; returns features, and the change of velocity and the shift, per time."""

    # Lengths ℓ of the functions 1 / (1 + (r / ℓ)²) of distance: like Coulomb's law beyond ℓ, finite within.
    LENGTHS = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4)

    def __init__(self, irreps: o3.Irreps, harmonics: o3.Irreps, neurons: int) -> None:
        super().__init__()
        sources = irreps + o3.Irreps("1x1o")  # features and velocity
        self.harmonics = o3.SphericalHarmonics(harmonics, normalize=True, normalization="component")
        self.product = _product(sources, harmonics, irreps)
        self.scalars = irreps.count("0e")  # they come first
        self.register_buffer("lengths", torch.tensor(self.LENGTHS), persistent=False)
        self.weights = nn.Sequential(
            nn.Linear(2 * self.scalars + 2 * len(self.LENGTHS) + 4, neurons),
            nn.SiLU(),
            nn.Linear(neurons, neurons),
            nn.SiLU(),
            nn.Linear(neurons, self.product.weight_numel),
        )
        scalars, others = irreps[:1], irreps[1:]
        self.gate = Gate(scalars, [nn.functional.silu], f"{others.num_irreps}x0e", [torch.sigmoid], others)
        self.own = o3.Linear(sources, self.gate.irreps_in)
        self.received = o3.Linear(self.product.irreps_out, self.gate.irreps_in)
        self.moves = o3.Linear(irreps, "2x1o")

    def forward(
        self, features: Tensor, position: Tensor, velocity: Tensor, charge: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        bodies = position.shape[1]
        receiver, sender = _edges(bodies, position.device)
        separation = position[:, receiver] - position[:, sender]
        distance = separation.norm(dim=-1, keepdim=True)
        direction = separation / torch.where(distance > 0, distance, 1)  # none between two at one place
        v_receiver, v_sender = velocity[:, receiver], velocity[:, sender]
        charges = charge[:, receiver] * charge[:, sender]
        radial = 1 / (1 + (distance / self.lengths) ** 2)
        scalars = [
            features[:, receiver, : self.scalars],
            features[:, sender, : self.scalars],
            radial,
            charges * radial,
            charges,
            _dot(v_receiver, direction),
            _dot(v_sender, direction),
            _dot(v_receiver, v_sender),
        ]
        sources = torch.cat([features, velocity], dim=-1)
        messages = self.product(sources[:, sender], self.harmonics(direction), self.weights(torch.cat(scalars, dim=-1)))
        received = messages.unflatten(1, (bodies, bodies - 1)).sum(2) / max(bodies - 1, 1) ** 0.5
        features = features + self.gate(self.own(sources) + self.received(received))
        kick, shift = self.moves(features).chunk(2, dim=-1)
        return features, kick, shift


def _product(left: o3.Irreps, right: o3.Irreps, wanted: o3.Irreps) -> o3.TensorProduct:
    """Tensor product with outputs among `wanted`, and a weight per path and channel of `left`, given edge by edge."""
    kinds = {kind for _, kind in wanted}
    paths = [
        (i, j, count, kind)
        for i, (count, one) in enumerate(left)
        for j, (_, two) in enumerate(right)
        for kind in one * two
        if kind in kinds
    ]
    outputs = o3.Irreps([(count, kind) for _, _, count, kind in paths])
    instructions = [(i, j, k, "uvu", True) for k, (i, j, _, _) in enumerate(paths)]
    return o3.TensorProduct(left, right, outputs, instructions, shared_weights=False, internal_weights=False)


def _edges(bodies: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Receiver and sender of every edge of the complete graph, the edges of a receiver standing together."""
    receiver, sender = (~torch.eye(bodies, dtype=torch.bool, device=device)).nonzero().unbind(1)
    return receiver, sender


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum(-1, keepdim=True)
