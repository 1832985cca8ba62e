"""Fields together with the unknown law of their evolution."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from physml.networks.field import Field
from physml.networks.learnt_law import LearntLaw
from physml.networks.wave_series import WaveSeries
from physml.ops.sparse_law import SparseLaw, read_law


class HiddenPhysics(nn.Module):
    r"""Fields, and the law of their evolution as a function of them and their slopes.

    .. math:: \partial_t u_i = N_i(u_1, u_2, \dots, \partial_x u_1, \dots; w)

    Both are found from values of the fields alone (`physml.tasks.hidden_physics`). Among them may be fields whose rates
    are not sought, such as the velocity in a law for the vorticity.

    Units: those of the fields.

    Source: Raissi 2018, arXiv 1801.06637.

    Args:
        field: The u over time t and place: a `Field`, or what has its ``derivatives`` and ``layers``, such as
            `physml.networks.wave_series.WaveSeries`.
        inputs: What N may depend on: ``u`` for a field, ``u_xx`` for its second slope along x.
        rates: The rates that N tells: ``u_t`` for that of u.
        hidden: Widths of the hidden layers of N.
        law: Kind of N: a class of `physml.networks.learnt_law`.

    Shapes: x (points, variables) → (points, fields)

    Raises:
        ValueError: The field has not these outputs or variables.

    Example:
        >>> field = Field(["t", "x"], lower=[0.0, -1.0], upper=[1.0, 1.0], hidden=[8])
        >>> physics = HiddenPhysics(field, ["u", "u_x"])
        >>> z, rate = physics.along(torch.rand(5, 2))
        >>> z.shape, rate.shape
        (torch.Size([5, 2]), torch.Size([5, 1]))
    """

    def __init__(
        self,
        field: Field | WaveSeries,
        inputs: Sequence[str],
        rates: Sequence[str] = ("u_t",),
        hidden: Sequence[int] = (20, 20),
        law: Callable[..., nn.Module] = LearntLaw,
    ) -> None:
        super().__init__()
        self.field, self.inputs, self.rates = field, list(inputs), list(rates)
        self.law = law(len(self.inputs), len(self.rates), hidden)
        self.along(torch.zeros(1, len(field.variables)))  # names that the field does not know are refused here

    def forward(self, x: Tensor) -> Tensor:
        """Return the fields at the points."""
        return self.field(x)

    def along(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return what N depends on, and the rates, both of the fields. Shapes: (points, inputs) and (points, rates)."""
        found = self.field.derivatives(x, [*self.inputs, *self.rates])
        z, rate = (torch.stack([found[name] for name in names], dim=1) for names in (self.inputs, self.rates))
        return z, rate


def formula(network: HiddenPhysics, x: Tensor, degree: int = 2, threshold: float = 0.1) -> SparseLaw:
    """Read N off as a formula: its sparse regression on monomials, along the fields at some points.

    Args:
        network: The fields and N.
        x: The points.
        degree: Highest degree of a monomial.
        threshold: Share of a rate below which a term is dropped.

    Shapes: x (points, variables)
    """
    z, _ = network.along(x)
    return read_law(z, network.law(z), network.inputs, network.rates, degree, threshold)
