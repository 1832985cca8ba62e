"""Early times first."""

import torch
from torch import Tensor, nn


class CausalImportance(nn.Module):
    r"""How much a residual counts at some time: little, as long as the equation does not hold before.

    .. math:: m^2(t) = \exp\left(-\epsilon \sum_{k < i} L_k\right), \qquad t \in \text{slice } i, \qquad
              L_k = \langle |F|^2 \rangle_{t \in \text{slice } k}

    An equation of evolution has solutions that start anywhere. All times at once, a field may settle late on one that
    the start does not lead to. So each slice of time comes in when those before it are solved. The weights are kept
    from `observe` to `observe`, as a step is judged by one objective; L-BFGS, which computes several in a step, would
    see them change. Outside training all times count alike.

    Units: dimensionless; ε in those of one over the squared residual.

    Source: Wang, Sankaran and Perdikaris 2022, arXiv 2203.07404.

    Args:
        start: The first time.
        end: The last time.
        slices: Slices of time, equally long.
        tolerance: ε: the larger, the smaller residuals have to be for later times to come in.
        column: The column of x that is the time.

    Shapes: x (points, variables) → (points,)

    Raises:
        ValueError: There is no slice, ε is negative, or the times are in the wrong order.

    Example:
        >>> causal = CausalImportance(0.0, 1.0, slices=2, tolerance=0.5)
        >>> t = torch.tensor([[0.1], [0.6]])
        >>> causal.observe(t, torch.tensor([2.0, 3.0]))
        >>> causal(t) ** 2  # 1 and exp(−0.5 · 2²)
        tensor([1.0000, 0.1353])
    """

    def __init__(self, start: float, end: float, slices: int = 20, tolerance: float = 10.0, column: int = 0) -> None:
        super().__init__()
        if start >= end or slices < 1 or tolerance < 0:
            raise ValueError(
                f"expected start < end, slices >= 1 and tolerance >= 0, got {start}, {end}, {slices} and {tolerance}: "
                "correct them"
            )
        self.start, self.end, self.tolerance, self.column = start, end, tolerance, column
        self.register_buffer("factors", torch.ones(slices))

    def forward(self, x: Tensor) -> Tensor:
        """Return m at the points."""
        return self.factors.to(x)[self._slice(x)] if self.training else torch.ones_like(x[:, 0])

    @torch.no_grad()
    def observe(self, x: Tensor, residual: Tensor) -> None:
        """Set the weights by F, without m, at points of all times. Shapes: (points, variables), (points,)."""
        numbers, squares = self._slice(x), residual.abs().square().to(self.factors)
        sums = torch.zeros_like(self.factors).index_add_(0, numbers, squares)
        before = (sums / numbers.bincount(minlength=len(sums)).clamp(min=1)).cumsum(0).roll(1)
        before[0] = 0.0
        self.factors.copy_(torch.exp(-0.5 * self.tolerance * before))

    def _slice(self, x: Tensor) -> Tensor:
        """The number of each point's slice."""
        part = (x[:, self.column] - self.start) / (self.end - self.start)
        return (part * len(self.factors)).long().clamp(0, len(self.factors) - 1)
