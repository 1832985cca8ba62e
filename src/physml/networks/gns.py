"""A graph network that learns to simulate particles."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from physml.networks.normaliser import Normaliser
from physml.ops.bounds import check_at_least, check_positive
from physml.ops.neighbours import radius_neighbours


class InteractionBlock(nn.Module):
    r"""One round of messages between neighbours, added to the features of edges and nodes.

    .. math::
        m_{ji} = \phi_e(e_{ji}, h_j, h_i), \quad e_{ji} \leftarrow e_{ji} + m_{ji}, \qquad
        h_i \leftarrow h_i + \phi_h\Big(h_i, \sum_j m_{ji}\Big)

    The first layer of :math:`\phi_e` is linear in each of its three inputs, so those of the nodes are multiplied by
    their weights once a node and not once an edge.

    Source: Battaglia et al. 2018, "Relational inductive biases, deep learning, and graph networks", arXiv 1806.01261,
    section 4.2 (interaction networks).

    Args:
        features: Width of e and h.
        hidden: Hidden layers of φ.

    Shapes:
        h (points, features), e (edges, features), edges (2, edges) of senders and receivers → h and e
    """

    def __init__(self, features: int, hidden: int = 2) -> None:
        super().__init__()
        self.edge = nn.Linear(features, features)
        self.sender = nn.Linear(features, features, bias=False)
        self.receiver = nn.Linear(features, features, bias=False)
        self.message = nn.Sequential(nn.ReLU(), *_layers(features, features, features, hidden - 1))
        self.update = nn.Sequential(*_layers(2 * features, features, features, hidden), nn.LayerNorm(features))
        self.norm = nn.LayerNorm(features)

    def forward(self, h: Tensor, e: Tensor, edges: Tensor) -> tuple[Tensor, Tensor]:
        """Return h and e after the messages."""
        senders, receivers = edges
        first = self.edge(e) + self.sender(h).index_select(0, senders) + self.receiver(h).index_select(0, receivers)
        message = self.norm(self.message(first))
        gathered = message.new_zeros(h.shape).index_add(0, receivers, message)
        return h + self.update(torch.cat([h, gathered], dim=1)), e + message


class GNS(nn.Module):
    r"""Predict the next position of each particle from its last velocities, its neighbours and the walls.

    .. math::
        v_{t+1} = v_t + a_t, \quad x_{t+1} = x_t + v_{t+1}, \qquad
        a_t = \mu_a + \sigma_a \operatorname{decoder} \circ \operatorname{processor} \circ \operatorname{encoder}

    An encoder makes features of each particle from its velocities (differences of positions from frame to frame) and
    its distances from the walls, and of each pair closer than R from their separation. Blocks of messages with weights
    of their own process them; a decoder reads the acceleration. The graph is made anew for each call. The prediction
    follows translations as far as no wall is in reach, and does not depend on the order of the particles.

    In training, random-walk noise (`physml.ops.random_walk.position_noise`) is added to the positions, and the
    prediction is corrected by the noise of the last one: compared with the true next position it gives the error of an
    acceleration that leads back to the true velocity. Statistics of velocities and accelerations (μ, σ) are taken from
    the training data as they come.

    Units: lengths as those of the data; time in frames.

    Source: Sanchez-Gonzalez et al. 2020, arXiv 2002.09405. Its sizes: 5 velocities, 10 blocks, 128 features, 2 hidden
    layers, noise 3e-4 at a radius of 0.015. Unlike there, the particles have no kind, as there is only water.

    Args:
        radius: R, up to which particles are neighbours.
        size: Width and height of the tank, whose walls start at 0.
        observed: Frames that are read, at least 3.
        blocks: Rounds of messages; 0 for particles that know nothing of each other.
        features: Width of the layers.
        hidden: Hidden layers of each perceptron.
        noise: Standard deviation of the noise that the last velocity has in training.
        reach: Distance up to which walls are seen (default: R, as in the paper).

    Shapes:
        x (points, observed, 2), oldest frame first; offsets (tanks + 1,); noise, as x, in training → (points, 2)

    Raises:
        ValueError: x has other frames or dimensions or is in half precision, a number is out of bounds, or a training
            has no noise though `noise` is not 0.

    Example:
        >>> network = GNS(radius=0.1, blocks=1, features=8)
        >>> network(torch.rand(7, 6, 2), torch.tensor([0, 5, 7])).shape
        torch.Size([7, 2])
    """

    def __init__(
        self,
        radius: float,
        size: list[float] = [1.0, 1.0],  # noqa: B006 - read, never changed
        observed: int = 6,
        blocks: int = 10,
        features: int = 128,
        hidden: int = 2,
        noise: float = 0.0,
        reach: float | None = None,
    ) -> None:
        super().__init__()
        if observed < 3:
            raise ValueError(f"expected observed >= 3 frames, as an acceleration takes three, got {observed}: raise it")
        self.radius, self.observed, self.noise = radius, observed, noise
        self.reach = radius if reach is None else reach
        check_at_least(1, hidden=hidden)
        check_at_least(0, blocks=blocks, noise=noise)
        check_positive(radius=radius, reach=self.reach)
        space = len(size)
        self.register_buffer("size", torch.tensor(size), persistent=False)
        self.velocity, self.acceleration = Normaliser(space), Normaliser(space)
        nodes = (observed - 1) * space + 2 * space
        self.node_encoder = nn.Sequential(*_layers(nodes, features, features, hidden), nn.LayerNorm(features))
        if blocks:
            self.edge_encoder = nn.Sequential(*_layers(space + 1, features, features, hidden), nn.LayerNorm(features))
        self.blocks = nn.ModuleList(InteractionBlock(features, hidden) for _ in range(blocks))
        self.decoder = nn.Sequential(*_layers(features, features, space, hidden))

    def forward(self, x: Tensor, offsets: Tensor, noise: Tensor | None = None) -> Tensor:
        """Return the next position of each particle."""
        if x.shape[1:] != (self.observed, len(self.size)):
            raise ValueError(
                f"GNS expected x of shape (points, {self.observed}, {len(self.size)}), got {tuple(x.shape)}: "
                "set task.network.observed and task.network.size to those of the data"
            )
        if x.dtype in (torch.float16, torch.bfloat16):
            raise ValueError(
                f"GNS expected positions in single precision, as half rounds away how they change, got {x.dtype}: set "
                "trainer.precision to bf16-mixed, 16-mixed or 32-true"
            )
        if noise is None and self.training and self.noise:
            raise ValueError(
                f"GNS expected noise of {self.noise:g} in training, got none: make it by "
                "task.training_arrays.noise, or set task.network.noise to 0"
            )
        noisy = x if noise is None else x + noise
        if self.training:
            self.velocity.observe(noisy.diff(dim=1))
            self.acceleration.observe(x.diff(n=2, dim=1))
        now, velocity = noisy[:, -1], noisy[:, -1] - noisy[:, -2]
        prediction = now + velocity + self._acceleration(noisy, offsets)
        return prediction if noise is None else prediction - noise[:, -1]

    def _acceleration(self, x: Tensor, offsets: Tensor) -> Tensor:
        now = x[:, -1]
        # Rounded to half, velocities would hide the accelerations that they differ by.
        with torch.autocast(x.device.type, enabled=False):
            h = self.node_encoder(torch.cat([self.velocity(x.diff(dim=1)).flatten(1), self._walls(now)], dim=1))
        if self.blocks:
            edges = radius_neighbours(now, offsets, self.radius)
            e = self.edge_encoder(self._separations(now, edges))
        for block in self.blocks:
            h, e = block(h, e, edges)
        # The noise adds to what has to be predicted.
        spread = (self.acceleration.variance + self.noise**2).sqrt()
        return self.acceleration.mean + spread * self.decoder(h)

    def _walls(self, now: Tensor) -> Tensor:
        """Distances from the four walls in units of the reach, at most 1: farther walls are not seen."""
        return (torch.cat([now, self.size - now], dim=1) / self.reach).clamp(-1, 1)

    def _separations(self, now: Tensor, edges: Tensor) -> Tensor:
        separation = (now.index_select(0, edges[0]) - now.index_select(0, edges[1])) / self.radius
        return torch.cat([separation, separation.norm(dim=1, keepdim=True)], dim=1)


def _layers(inputs: int, features: int, outputs: int, hidden: int) -> list[nn.Module]:
    """Layers of a perceptron with `hidden` hidden layers and a linear output."""
    widths = [inputs, *[features] * hidden]
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise(widths):
        layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
    return [*layers, nn.Linear(widths[-1], outputs)]
