"""A field together with the unknown law of its evolution."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from physml.networks.field import Field, JetLinear
from physml.ops.sparse_law import SparseLaw, read_law


class LearntLaw(nn.Module):
    r"""A rate of change as a perceptron of what it depends on at the same point.

    .. math:: N(z; w) = s_N\, f(z / s; w)

    The scales are those of data, found once by `calibrate`: s is four standard deviations, so that tanh bends within
    the data and does not saturate there. With weights kept small, N then goes on smoothly beyond the data.

    Units: s in those of z, s_N in those of the rate.

    Args:
        inputs: Number of the z.
        hidden: Widths of the hidden layers.

    Shapes: z (points, inputs) → (points,), in double precision
    """

    def __init__(self, inputs: int, hidden: Sequence[int] = (20, 20)) -> None:
        super().__init__()
        self.layers = nn.ModuleList(JetLinear(a, b, dtype=torch.float64) for a, b in pairwise([inputs, *hidden, 1]))
        for layer in self.layers:
            nn.init.xavier_normal_(layer.weight)
            nn.init.zeros_(layer.bias)
        self.register_buffer("scale", torch.ones(inputs, dtype=torch.float64))
        self.register_buffer("rate_scale", torch.ones((), dtype=torch.float64))

    def calibrate(self, z: Tensor, rate: Tensor) -> None:
        """Take the scales from data. Shapes: z (points, inputs), rate (points,)."""
        self.scale.copy_(4 * z.std(0))
        self.rate_scale.copy_(rate.std())

    def forward(self, z: Tensor) -> Tensor:
        """Return N."""
        jet = (z / self.scale)[None]  # of one channel: the values
        for layer in self.layers[:-1]:
            jet = torch.tanh(layer(jet))
        return self.rate_scale * self.layers[-1](jet)[0, :, 0]


class HiddenPhysics(nn.Module):
    r"""A field, and the law of its evolution as a function of the field and its slopes.

    .. math:: u_t = N(u, u_x, \dots, \partial_x^n u; w)

    Both are found from values of u alone (`physml.tasks.hidden_physics`).

    Units: those of the field.

    Source: Raissi 2018, arXiv 1801.06637.

    Args:
        field: u over time t and place x.
        order: n, the highest slope that the law may depend on.
        hidden: Widths of the hidden layers of N.

    Shapes: x (points, 2), time and place → (points, 1)

    Raises:
        ValueError: The field is not one of t and x.

    Example:
        >>> physics = HiddenPhysics(Field(["t", "x"], lower=[0.0, -1.0], upper=[1.0, 1.0], hidden=[8]), order=2)
        >>> physics.inputs
        ['u', 'u_x', 'u_xx']
    """

    def __init__(self, field: Field, order: int, hidden: Sequence[int] = (20, 20)) -> None:
        super().__init__()
        if field.variables != ["t", "x"] or field.outputs != ["u"]:
            raise ValueError(
                f"expected a field u of t and x, got {', '.join(field.outputs)} of {', '.join(field.variables)}: "
                "name them so"
            )
        self.field, self.order, self.law = field, order, LearntLaw(order + 1, hidden)

    @property
    def inputs(self) -> list[str]:
        """Names of what N depends on."""
        return ["u", *(f"u_{'x' * power}" for power in range(1, self.order + 1))]

    def forward(self, x: Tensor) -> Tensor:
        """Return u at the points."""
        return self.field(x)

    def along(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return what N depends on, and u_t, both of the field. Shapes: (points, order + 1) and (points,)."""
        found = self.field.derivatives(x, [*self.inputs, "u_t"])
        return torch.stack([found[name] for name in self.inputs], dim=1), found["u_t"]


def formula(network: HiddenPhysics, x: Tensor, degree: int = 2, threshold: float = 0.05) -> SparseLaw:
    """Read N off as a formula: its sparse regression on monomials, along the field at some points.

    Args:
        network: The field and N.
        x: The points.
        degree: Highest degree of a monomial.
        threshold: Below which a coefficient is dropped.

    Shapes: x (points, 2)
    """
    z, _ = network.along(x)
    return read_law(z, network.law(z), network.inputs, degree, threshold)
