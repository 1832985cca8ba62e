"""A flow in the plane that has no divergence, whatever its weights."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from physml.networks.field import Field


class StreamFunction(nn.Module):
    r"""The velocity and the pressure of a flow, from a field of a stream function and the pressure.

    .. math:: u = \psi_y, \qquad v = -\psi_x, \qquad u_x + v_y = 0

    Units: those of the field; ψ in those of velocity × length.

    Source: Raissi, Perdikaris and Karniadakis 2019, doi 10.1016/j.jcp.2018.10.045.

    Args:
        variables: A letter for each variable, ``x`` and ``y`` among them.
        lower: The lower corner of the box.
        upper: The upper corner.
        hidden: Widths of the hidden layers of the field.
        embedding: As `physml.networks.field.Field`.
        double: As there.

    Shapes: x (points, variables) → (points, 3), u, v and p

    Raises:
        ValueError: There is no x or y.

    Example:
        >>> flow = StreamFunction(["t", "x", "y"], [0.0, 1.0, -2.0], [20.0, 8.0, 2.0], hidden=[8])
        >>> found = flow.derivatives(torch.rand(5, 3), ["u_x", "v_y"])
        >>> torch.equal(found["u_x"], -found["v_y"])
        True
    """

    outputs = ("u", "v", "p")

    def __init__(
        self,
        variables: list[str],
        lower: list[float],
        upper: list[float],
        hidden: Sequence[int] = (20, 20, 20),
        embedding: nn.Module | None = None,
        double: bool = True,
    ) -> None:
        super().__init__()
        if not {"x", "y"} <= set(variables):
            raise ValueError(f"expected x and y among the variables, got {', '.join(variables)}: name them so")
        self.field = Field(variables, lower, upper, ["psi", "p"], hidden, embedding=embedding, double=double)

    @property
    def layers(self) -> nn.ModuleList:
        """The layers with weights."""
        return self.field.layers

    def forward(self, x: Tensor) -> Tensor:
        """Return u, v and p at the points."""
        return torch.stack(list(self.derivatives(x, self.outputs).values()), dim=1)

    def derivatives(self, x: Tensor, names: Sequence[str]) -> dict[str, Tensor]:
        """Return derivatives of u, v and p at the points, as the field does. Shapes: (points,) each."""
        parts = {name: name.partition("_")[::2] for name in names}
        if wrong := [name for name, (output, _) in parts.items() if output not in self.outputs]:
            raise ValueError(f"expected derivatives of u, v and p, got {wrong[0]!r}: rename it")
        letter = {"u": "psi_y", "v": "psi_x", "p": "p"}
        wanted = {name: _joined(letter[output], letters) for name, (output, letters) in parts.items()}
        found = self.field.derivatives(x, list(wanted.values()))
        return {name: -found[source] if parts[name][0] == "v" else found[source] for name, source in wanted.items()}


def _joined(name: str, letters: str) -> str:
    """psi_y and xx are psi_yxx, p and x are p_x."""
    return name + letters if "_" in name or not letters else f"{name}_{letters}"
