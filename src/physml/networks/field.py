"""A field: a function of space and time that knows its derivatives."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from physml.ops import derivatives as calculus
from physml.ops import taylor


class JetLinear(nn.Linear):
    """A linear layer of jets: the weights act on each channel, the bias on the values alone; there always is one.

    Shapes: (channels, points, in_features) → (channels, points, out_features)
    """

    def forward(self, jet: Tensor) -> Tensor:
        """Return the jet of W h + b."""
        if len(jet) == 1:
            return F.linear(jet, self.weight, self.bias)
        if torch.compiler.is_compiling():
            return F.linear(jet, self.weight) + F.pad(self.bias[None, None], (0, 0, 0, 0, 0, len(jet) - 1))
        return _Affine.apply(jet, self.weight, self.bias)


class _Affine(torch.autograd.Function):
    """W h + b of jets as one product of matrices, and its gradient as two."""

    @staticmethod
    def forward(ctx, jet: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        z = (jet.flatten(0, 1) @ weight.t()).view(*jet.shape[:-1], len(weight))
        z[0] += bias
        ctx.save_for_backward(jet, weight)
        return z

    @staticmethod
    def backward(ctx, slope: Tensor) -> tuple[Tensor | None, Tensor, Tensor]:
        jet, weight = ctx.saved_tensors
        flat = slope.flatten(0, 1)
        jet_slope = (flat @ weight).view_as(jet) if ctx.needs_input_grad[0] else None
        return jet_slope, flat.t() @ jet.flatten(0, 1), slope[0].sum(0)


class Field(nn.Module):
    r"""A multilayer perceptron with tanh over a box of space and time, subject to conditions that hold exactly.

    .. math:: \hat u(x) = a(x) + g(x)\, f(\phi(\xi); w), \qquad \xi = 2\, \frac{x - l}{h - l} - 1

    a meets initial and boundary conditions, and g vanishes where they are given (Lagaris 1998). Without conditions
    a = 0 and g = 1. φ holds a symmetry exactly (`physml.networks.embeddings`). Derivatives by the variables are carried
    forward through the layers (`physml.ops.taylor`), so that a residual costs one pass forward, and its gradient by the
    weights one backward.

    Units: those of the box and of the conditions.

    Source: Raissi, Perdikaris and Karniadakis 2019, doi 10.1016/j.jcp.2018.10.045; Lagaris, Likas and Fotiadis 1998,
    doi 10.1109/72.712178 (conditions).

    Args:
        variables: A letter for each variable.
        lower: l, the lower corner of the box.
        upper: h, the upper corner.
        outputs: A name for each component of u.
        hidden: Widths of the hidden layers.
        conditions: Maps points (points, variables) to a and g, (points, outputs) each.
        embedding: φ; the coordinates themselves if not given.
        double: Whether weights are kept, and everything is computed, in double precision: residuals of single precision
            stay above 1e-5.

    Shapes: x (points, variables) → (points, outputs)

    Raises:
        ValueError: The corners are not those of a box in the variables.

    Example:
        >>> field = Field(["t", "x"], lower=[0.0, -1.0], upper=[1.0, 1.0], hidden=[8])
        >>> sorted(field.derivatives(torch.rand(5, 2), ["u", "u_t", "u_xx"]))
        ['u', 'u_t', 'u_xx']
    """

    def __init__(
        self,
        variables: list[str],
        lower: list[float],
        upper: list[float],
        outputs: Sequence[str] = ("u",),
        hidden: Sequence[int] = (20, 20, 20),
        conditions: Callable[[Tensor], tuple[Tensor, Tensor]] | None = None,
        embedding: nn.Module | None = None,
        double: bool = True,
    ) -> None:
        super().__init__()
        if not len(variables) == len(lower) == len(upper) or any(a >= b for a, b in zip(lower, upper, strict=True)):
            raise ValueError(
                f"expected a lower and a higher corner in {', '.join(variables)}, got {list(lower)} and {list(upper)}: "
                "give a number for each variable"
            )
        self.variables, self.outputs, self.conditions = list(variables), list(outputs), conditions
        dtype = torch.float64 if double else torch.float32
        self.register_buffer("lower", torch.tensor(lower, dtype=dtype), persistent=False)
        self.register_buffer("upper", torch.tensor(upper, dtype=dtype), persistent=False)
        self.embedding = embedding
        features = self._features(torch.zeros(1, len(variables)), taylor.orders([""], self.variables)).shape[-1]
        widths = [features, *hidden, len(outputs)]
        self.layers = nn.ModuleList(JetLinear(a, b, dtype=dtype) for a, b in pairwise(widths))
        for layer in self.layers:
            nn.init.xavier_normal_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return û at the points."""
        x = x.to(self.lower.dtype)
        with torch.autocast(x.device.type, enabled=False):  # as the derivatives
            values = self._network(x, taylor.orders([""], self.variables))[0]
            if self.conditions is None:
                return values
            a, g = self.conditions(x)
            return a + g * values

    def derivatives(
        self, x: Tensor, names: Sequence[str], sums: Mapping[str, Mapping[str, float]] | None = None
    ) -> dict[str, Tensor]:
        """Return derivatives of û at the points, as `physml.ops.derivatives.derivatives`, and sums of some of them.

        Args:
            x: The points.
            names: The derivatives.
            sums: The coefficients of the derivatives in each sum, all of one component of û; a sum costs as much as
                the highest of them alone.

        Shapes: x (points, variables) → (points,) each

        Raises:
            ValueError: A name is not one of û or its derivatives, or a sum not one of derivatives of one component.
        """
        sums = {name: dict(each) for name, each in (sums or {}).items()}
        wanted = {name: self._known(name) for name in [*names, *(name for each in sums.values() for name in each)]}
        for each in sums.values():
            if len({wanted[name][0] for name in each}) != 1 or not all(wanted[name][1] for name in each):
                raise ValueError(
                    f"expected derivatives of one component in a sum, got {', '.join(each)}: leave some out"
                )
        added = [{wanted[name][1]: factor for name, factor in each.items()} for each in sums.values()]
        x, channels = x.to(self.lower.dtype), taylor.orders([wanted[name][1] for name in names], self.variables, added)
        with torch.autocast(x.device.type, enabled=False):  # derivatives in half precision would be noise
            jet = self._network(x, channels)
            if self.conditions is not None:
                a, g = self._conditions(x, channels)
                jet = a + taylor.multiply(g, jet, channels)
        place = {index: channel for channel, index in enumerate(channels)}
        found = {name: jet[place[taylor.order(wanted[name][1], self.variables)], :, wanted[name][0]] for name in names}
        outputs = [wanted[next(iter(each))][0] for each in sums.values()]
        last = jet[len(channels) - len(sums) :]
        return found | {name: each[:, output] for name, each, output in zip(sums, last, outputs, strict=True)}

    def _known(self, name: str) -> tuple[int, str]:
        """The column of û and the letters of a derivative.

        Raises:
            ValueError: There is none of this name.
        """
        output, _, letters = name.partition("_")
        if output not in self.outputs or not set(letters) <= set(self.variables):
            raise ValueError(
                f"expected derivatives of {', '.join(self.outputs)} by {', '.join(self.variables)}, got {name!r}: "
                "rename it"
            )
        return self.outputs.index(output), letters

    def compile(self, *args: Any, **settings: Any) -> None:
        """Compile what values and derivatives have in common; arguments as `torch.compile`."""
        self._network = torch.compile(self._network, *args, **settings)

    def _network(self, x: Tensor, channels: tuple[taylor.Channel, ...]) -> Tensor:
        """The jet of f. Shapes: (points, variables) → (channels, points, outputs)."""
        jet = self._features(x, channels)
        for layer in self.layers[:-1]:
            jet = taylor.tanh(layer(jet), channels)
        return self.layers[-1](jet)

    def _features(self, x: Tensor, channels: tuple[taylor.Channel, ...]) -> Tensor:
        """The jet of φ(ξ). Shapes: (points, variables) → (channels, points, features)."""
        jet = taylor.coordinates(x, 2 / (self.upper - self.lower), (self.lower + self.upper) / 2, channels)
        return jet if self.embedding is None else self.embedding(jet, channels)

    def _conditions(self, x: Tensor, channels: tuple[taylor.Channel, ...]) -> Tensor:
        """The jets of a and g, which have no weights. Shapes: (2, channels, points, outputs)."""
        count = len(self.outputs)
        columns = [str(number) for number in range(2 * count)]
        parts = [taylor.parts(channel) for channel in channels]
        words = {
            index: "".join(v * n for v, n in zip(self.variables, index, strict=True))
            for each in parts
            for _, index in each
        }
        names = {index: [f"{column}_{word}".rstrip("_") for column in columns] for index, word in words.items()}

        def both(points: Tensor) -> Tensor:
            return torch.cat(self.conditions(points), dim=1)

        flat = [name for row in names.values() for name in row]
        found = calculus.derivatives(both, x.detach(), flat, self.variables, columns)
        rows = {index: torch.stack([found[name].detach() for name in row], dim=1) for index, row in names.items()}
        jets = torch.stack([sum(factor * rows[index] for factor, index in each) for each in parts])
        return torch.stack([jets[..., :count], jets[..., count:]])
