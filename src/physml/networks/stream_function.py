"""A flow in the plane that has no divergence, whatever its weights."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from physml.networks.field import Field


class StreamFunction(nn.Module):
    r"""The velocity and the pressure of a flow, from a field of a stream function and the pressure.

    .. math:: u = \psi_y, \qquad v = -\psi_x, \qquad u_x + v_y = 0

    With `glide`, half of the box of time later it is its own mirror image, as the two rows of vortices behind a body
    that the stream sees as symmetric are. ψ and p are then made of a field f and its image,

    .. math:: \psi, p\,(t, x, y) = \tfrac12 \bigl(f(t, x, y) \mp f(t + T/2, x, -y)\bigr),

    and one half of the box is all there is to learn. The field is to be periodic in t, by its embedding.

    Units: those of the field; ψ in those of velocity × length.

    Source: Raissi, Perdikaris and Karniadakis 2019, doi 10.1016/j.jcp.2018.10.045.

    Args:
        variables: A letter for each variable, ``x`` and ``y`` among them.
        lower: The lower corner of the box.
        upper: The upper corner.
        hidden: Widths of the hidden layers of the field.
        embedding: As `physml.networks.field.Field`.
        double: As there.
        glide: Whether the flow is its mirror image half of the box of time later.

    Shapes: x (points, variables) → (points, 3), u, v and p

    Raises:
        ValueError: There is no x or y, or for `glide` no t, or the field is not periodic in it.

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
        glide: bool = False,
    ) -> None:
        super().__init__()
        needed = ["t", "x", "y"] if glide else ["x", "y"]
        if not set(needed) <= set(variables):
            raise ValueError(
                f"expected {', '.join(needed)} among the variables, got {', '.join(variables)}: name them so"
            )
        self.field = Field(variables, lower, upper, ["psi", "p"], hidden, embedding=embedding, double=double)
        self.glide = glide
        if glide:
            self._refuse_aperiodic()

    @property
    def layers(self) -> nn.ModuleList:
        """The layers with weights."""
        return self.field.layers

    def forward(self, x: Tensor) -> Tensor:
        """Return u, v and p at the points."""
        return torch.stack(list(self.derivatives(x, self.outputs).values()), dim=1)

    def derivatives(self, x: Tensor, names: Sequence[str]) -> dict[str, Tensor]:
        """Return derivatives of u, v and p at the points, as the field does. Shapes: (points,) each.

        Raises:
            ValueError: There is no such output or variable.
        """
        parts, known = {name: name.partition("_")[::2] for name in names}, self.field.variables
        if wrong := [n for n, (output, by) in parts.items() if output not in self.outputs or not set(by) <= set(known)]:
            raise ValueError(f"expected derivatives of u, v and p by {', '.join(known)}, got {wrong[0]!r}: rename it")
        letter = {"u": "psi_y", "v": "psi_x", "p": "p"}
        wanted = {name: _joined(letter[output], letters) for name, (output, letters) in parts.items()}
        found = (
            self._halved(x, list(wanted.values())) if self.glide else self.field.derivatives(x, list(wanted.values()))
        )
        return {name: -found[source] if parts[name][0] == "v" else found[source] for name, source in wanted.items()}

    def compile(self, *args: Any, **settings: Any) -> None:
        """Compile the field of ψ and p; arguments as `torch.compile`."""
        self.field.compile(*args, **settings)

    def _refuse_aperiodic(self) -> None:
        """Refuse a field for which two mirror images of half a box each do not make the field again."""
        field, t = self.field, self.field.variables.index("t")
        here = (field.lower + field.upper)[None] / 2
        later = here.clone()
        later[:, t] += field.upper[t] - field.lower[t]
        if not torch.allclose(field(here), field(later)):
            raise ValueError(
                "expected a field that recurs after its box of time if it glides, got one that does not: set an "
                "embedding such as physml.networks.embeddings.Periodic"
            )

    def _halved(self, x: Tensor, names: list[str]) -> dict[str, Tensor]:
        """Derivatives of half the difference of f and its image for ψ, of half their sum for p."""
        t, y = (self.field.variables.index(letter) for letter in "ty")
        image = x.clone()
        image[:, t] += (self.field.upper[t] - self.field.lower[t]) / 2
        image[:, y] *= -1
        here, there = self.field.derivatives(x, names), self.field.derivatives(image, names)
        # Each slope along y turns with the mirror.
        signs = {name: (-1) ** (name.startswith("psi") + name.partition("_")[2].count("y")) for name in names}
        return {name: (here[name] + signs[name] * there[name]) / 2 for name in names}


def _joined(name: str, letters: str) -> str:
    """psi_y and xx are psi_yxx, p and x are p_x."""
    return name + letters if "_" in name or not letters else f"{name}_{letters}"
