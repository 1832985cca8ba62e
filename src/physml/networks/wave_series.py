"""A periodic field as a sum of few waves, so that its high derivatives are as good as its values."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from physml.networks.field import Field


class WaveSeries(nn.Module):
    r"""A field that is periodic in its last variable: a Fourier series with a perceptron of the others as coefficients.

    .. math::
        \hat u(t, x) = \sum_{k=0}^{K} e^{-\alpha k} \left( a_k(t; w) \cos \kappa_k (x - l)
        + b_k(t; w) \sin \kappa_k (x - l) \right), \qquad \kappa_k = \frac{2 \pi k}{h - l}

    A perceptron of x, even of its waves, makes many more waves than the data have, all of them weak; yet the n-th
    derivative multiplies each by :math:`\kappa_k^n`. Here there are none above K. The Fourier coefficients of an
    analytic function fall exponentially, which is why a and b are measured in units that do. An odd field, which turns
    its sign with x about the middle of the box, has only the b.

    Units: those of the box, and of the values that it is fitted to.

    Source: a field as a product of a network's coefficients and given functions is that of Lu et al. 2022,
    doi 10.1016/j.cma.2022.114778 (arXiv 2111.05512), with functions found from data.

    Args:
        variables: A letter for each variable, that of the periodic one last.
        lower: l, the lower corner of the box.
        upper: h, the upper corner, one period further.
        waves: K.
        outputs: A name for each component of u.
        hidden: Widths of the hidden layers of a and b.
        decay: α.
        odd: Whether a is left out.
        embedding: φ of the other variables, as in `physml.networks.field.Field`.

    Shapes: x (points, variables) → (points, outputs), in double precision

    Raises:
        ValueError: There is no variable beside the periodic one.

    Example:
        >>> field = WaveSeries(["t", "x"], [0.0, -1.0], [5.0, 1.0], waves=3, hidden=[8])
        >>> left, right = field.derivatives(torch.tensor([[0.2, -1.0], [0.2, 1.0]]), ["u_xxxx"])["u_xxxx"]
        >>> torch.isclose(left, right)
        tensor(True)
    """

    def __init__(
        self,
        variables: list[str],
        lower: list[float],
        upper: list[float],
        waves: int,
        outputs: Sequence[str] = ("u",),
        hidden: Sequence[int] = (20, 20),
        decay: float = 0.5,
        odd: bool = False,
        embedding: nn.Module | None = None,
    ) -> None:
        super().__init__()
        if len(variables) < 2:
            raise ValueError(
                f"expected a variable beside the periodic one, got {', '.join(variables)} alone: name the time first"
            )
        self.variables, self.outputs, self.odd = list(variables), list(outputs), odd
        even_parts = [] if odd else [f"a{k}" for k in range(waves + 1)]
        parts = even_parts + [f"b{k}" for k in range(1, waves + 1)]
        names = [f"{part} of {output}" for output in outputs for part in parts]
        self.coefficients = Field(variables[:-1], lower[:-1], upper[:-1], names, hidden, embedding=embedding)
        k = torch.arange(waves + 1, dtype=torch.float64)
        self.register_buffer("start", torch.tensor(lower[-1], dtype=torch.float64), persistent=False)
        self.register_buffer("wavenumber", 2 * math.pi / (upper[-1] - lower[-1]) * k, persistent=False)
        self.register_buffer("unit", torch.exp(-decay * k), persistent=False)

    @property
    def layers(self) -> nn.ModuleList:
        """The layers with weights."""
        return self.coefficients.layers

    def forward(self, x: Tensor) -> Tensor:
        """Return û at the points."""
        return torch.stack(list(self.derivatives(x, self.outputs).values()), dim=1)

    def derivatives(self, x: Tensor, names: Sequence[str]) -> dict[str, Tensor]:
        """Return derivatives of û at the points, as `physml.networks.field.Field`. Shapes: (points,) each.

        Raises:
            ValueError: There is no such output or variable.
        """
        x, periodic = x.to(self.unit.dtype), self.variables[-1]
        wanted = {}
        for name in names:
            output, _, letters = name.partition("_")
            if output not in self.outputs or not set(letters) <= set(self.variables):
                raise ValueError(
                    f"expected derivatives of {', '.join(self.outputs)} by {', '.join(self.variables)}, got {name!r}: "
                    "rename it"
                )
            wanted[name] = output, letters.replace(periodic, ""), letters.count(periodic)
        series = self._series(x[:, :-1], dict.fromkeys(letters for _, letters, _ in wanted.values()))
        waves = {order: self._waves(x[:, -1:], order) for _, _, order in wanted.values()}
        return {
            name: (series[letters][:, self.outputs.index(output)] * waves[order]).sum(1)
            for name, (output, letters, order) in wanted.items()
        }

    def compile(self, *args: Any, **settings: Any) -> None:
        """Compile the perceptron of the coefficients; arguments as `torch.compile`."""
        self.coefficients.compile(*args, **settings)

    def _series(self, x: Tensor, words: Sequence[str]) -> dict[str, Tensor]:
        """Derivatives of a and b by the other variables. Shapes: (points, variables − 1) → (points, outputs, parts)."""
        names = {word: [f"{part}_{word}".rstrip("_") for part in self.coefficients.outputs] for word in words}
        found = self.coefficients.derivatives(x, [name for row in names.values() for name in row])
        columns = {word: torch.stack([found[name] for name in row], dim=1) for word, row in names.items()}
        return {word: column.unflatten(1, (len(self.outputs), -1)) for word, column in columns.items()}

    def _waves(self, x: Tensor, order: int) -> Tensor:
        """What a and b are multiplied by in a derivative. Shapes: (points, 1) → (points, parts)."""
        phase = self.wavenumber * (x - self.start) + order * math.pi / 2  # each derivative is a quarter of a turn
        factor = self.unit * self.wavenumber**order
        sines = (factor * phase.sin())[:, 1:]
        return sines if self.odd else torch.cat([factor * phase.cos(), sines], dim=1)
