"""A field that marches through time: what is later is learnt after what is earlier."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from physml.networks.field import Field


class MarchingField(nn.Module):
    r"""Fields of windows of time, each of which starts exactly where the one before ends.

    .. math:: \hat u_0 = a + g f_0, \qquad
              \hat u_k(t, x) = \hat u_{k-1}(t_k, x) + g(t - t_k + t_0, x)\, f_k(t, x), \qquad t_k \le t < t_{k+1}

    Only the field of one window, `window`, is learnt at a time, by its `layers`; those before it are data to it
    (`physml.callbacks.time_marching`). So no window is solved before its start is known, and no network has to be
    large enough for all times. û is continuous, its derivative by the time up to the error of the equation.

    For equations of first order in time, whose boundary conditions do not depend on the time.

    Units: those of the box and of the conditions.

    Source: Wight and Zhao 2021, doi 10.4208/cicp.OA-2020-0086 (arXiv 2007.04542); Krishnapriyan et al. 2021,
    arXiv 2109.01050.

    Args:
        variables: A letter for each variable, the time first.
        lower: The lower corner of the box.
        upper: The upper corner.
        conditions: a and g of the first window, as `physml.networks.field.Field`.
        windows: Number of windows, all of the same duration.
        outputs: A name for each component of u.
        hidden: Widths of the hidden layers of each window.
        embedding: As `physml.networks.field.Field`; it has no weights.
        double: As there.

    Shapes: x (points, variables) → (points, outputs)

    Raises:
        ValueError: There is no window, or g is not of first order in time.

    Example:
        >>> field = MarchingField(["t"], [0.0], [1.0], lambda t: (torch.ones_like(t), t), windows=2, hidden=[4])
        >>> before, after = field(torch.tensor([[0.5 - 1e-12], [0.5]]))
        >>> bool((before - after).abs() < 1e-10)
        True
    """

    def __init__(
        self,
        variables: list[str],
        lower: list[float],
        upper: list[float],
        conditions: Callable[[Tensor], tuple[Tensor, Tensor]],
        windows: int = 5,
        outputs: Sequence[str] = ("u",),
        hidden: Sequence[int] = (20, 20, 20),
        embedding: nn.Module | None = None,
        double: bool = True,
    ) -> None:
        super().__init__()
        if windows < 1:
            raise ValueError(f"expected a window of time or more, got {windows}: set task.network.windows")
        edges = torch.linspace(lower[0], upper[0], windows + 1, dtype=torch.float64)
        self.register_buffer("edges", edges, persistent=False)
        self.conditions = conditions
        self.window: int | None = None
        self.fields = nn.ModuleList(
            Field(
                variables,
                [start, *lower[1:]],
                [stop, *upper[1:]],
                outputs,
                hidden,
                conditions if window == 0 else partial(self._go_on, window),
                embedding,
                double,
            )
            for window, (start, stop) in enumerate(pairwise(edges.tolist()))
        )
        self._refuse_second_order(lower, upper)

    @property
    def layers(self) -> nn.ModuleList:
        """The layers that are learnt: those of `window`.

        Raises:
            ValueError: No window has been chosen.
        """
        if self.window is None:
            raise ValueError(
                "the windows of a marching field are learnt one after the other: add callbacks=[default,time_marching]"
            )
        return self.fields[self.window].layers

    def forward(self, x: Tensor) -> Tensor:
        """Return û at the points."""
        return self._by_window(x, lambda field, part: field(part))

    def derivatives(
        self, x: Tensor, names: Sequence[str], sums: Mapping[str, Mapping[str, float]] | None = None
    ) -> dict[str, Tensor]:
        """Return derivatives of û at the points, as `physml.networks.field.Field`. Shapes: (points,) each."""
        labels = [*names, *(sums or {})]

        def columns(field: Field, part: Tensor) -> Tensor:
            found = field.derivatives(part, names, sums)
            return torch.stack([found[label] for label in labels], dim=1)

        return dict(zip(labels, self._by_window(x, columns).unbind(1), strict=True))

    def compile(self, *args: Any, **settings: Any) -> None:
        """Compile the field of each window; arguments as `torch.compile`."""
        for field in self.fields:
            field.compile(*args, **settings)

    def within_window(self, x: Tensor) -> Tensor:
        """Return points of the whole box moved into the window that is learnt, in the precision of the field.

        Shapes: those of x
        """
        x = x.to(self.fields[0].lower.dtype)
        edges = self.edges.to(x.dtype)
        start, stop = edges[self.window], edges[self.window + 1]
        t = start + (x[:, :1] - edges[0]) * (stop - start) / (edges[-1] - edges[0])
        return torch.cat([torch.minimum(t, torch.nextafter(stop, start)), x[:, 1:]], dim=1)

    def _by_window(self, x: Tensor, evaluate: Callable[[Field, Tensor], Tensor]) -> Tensor:
        """What `evaluate` gives of the field of each point. Shapes: (points, variables) → (points, columns)."""
        x = x.to(self.fields[0].lower.dtype)
        which = torch.bucketize(x[:, 0].contiguous(), self.edges[1:-1].to(x.dtype), right=True)
        present = which.unique().tolist()
        if len(present) <= 1:  # the usual case in training, where each layer is to be called with all points
            return evaluate(self.fields[present[0] if present else 0], x)
        parts = [evaluate(self.fields[window], x[which == window]) for window in present]
        order = torch.cat([(which == window).nonzero()[:, 0] for window in present])
        return torch.cat(parts)[order.argsort()]

    def _go_on(self, window: int, x: Tensor) -> tuple[Tensor, Tensor]:
        """The conditions of a window after the first: a is the end of the one before."""
        start, first = self.edges[window].to(x.dtype), self.edges[0].to(x.dtype)
        a = self.fields[window - 1](torch.cat([start.expand(len(x), 1), x[:, 1:]], dim=1))
        return a, self.conditions(torch.cat([x[:, :1] - start + first, x[:, 1:]], dim=1))[1]

    def _refuse_second_order(self, lower: Sequence[float], upper: Sequence[float]) -> None:
        dtype = self.fields[0].lower.dtype
        low, high = (torch.tensor(corner, dtype=dtype) for corner in (lower, upper))
        x = low + (high - low) * torch.quasirandom.SobolEngine(len(low)).draw(16, dtype=dtype)
        x[:, 0] = low[0]
        x.requires_grad_()
        (slope,) = torch.autograd.grad(self.conditions(x)[1].sum(), x, allow_unused=True)
        if slope is None or not slope[:, 0].any():
            raise ValueError(
                "expected conditions whose g grows as the time, got one without a slope at the start: only equations "
                "of first order in time can be marched through: use network=field"
            )
