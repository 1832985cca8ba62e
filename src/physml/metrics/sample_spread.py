"""Standard deviation of a per-event value over a sample."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torchmetrics import Metric

from physml.ops import named


class SampleSpread(Metric):
    r"""Standard deviation of a per-event value over a sample, such as a resolution, with its standard error.

    .. math::
        s^2 = \frac{1}{n - 1} \sum_i (v_i - \bar v)^2, \qquad
        \sigma_s = \frac{s}{\sqrt{2 n}}

    The standard error holds for values that are normally distributed; heavier tails make it larger. Sums are kept in
    float64 and added up over processes. A NaN among the values makes the result NaN; so do fewer than two values.

    Units: `unit`, that of the values.

    Args:
        values: Function of arrays by their names (`prediction`, `target`, `network`, or any array of the batch) that
            gives one value :math:`v_i` per event, shape (events,).
        unit: Unit of the values, as printed beside the result; empty for a pure number.

    Example:
        >>> spread = SampleSpread(lambda x: x, unit="GeV")
        >>> spread.update({"x": torch.tensor([1.0, 2.0, 3.0])})
        >>> round(float(spread.compute()), 3), round(float(spread.uncertainty()), 3)
        (1.0, 0.408)
    """

    full_state_update = False
    count: Tensor
    total: Tensor
    squares: Tensor

    def __init__(self, values: Callable[..., Tensor], unit: str = "") -> None:
        super().__init__()
        self.values = values
        self.unit = unit
        self.add_state("count", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")
        self.add_state("total", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("squares", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, arrays: Mapping[str, Tensor]) -> None:
        """Add the events of one batch, given as arrays by name.

        Raises:
            ValueError: The values are not one per event.
        """
        values = named.call(self.values, arrays).detach().double()
        if values.ndim != 1:
            raise ValueError(
                f"expected one value per event, shape (events,), got {tuple(values.shape)}: reduce each event"
            )
        self.count += len(values)
        self.total += values.sum()
        self.squares += values.square().sum()

    def compute(self) -> Tensor:
        """Return the standard deviation of all values so far, float64."""
        variance = (self.squares - self.total.square() / self.count) / (self.count - 1)
        return torch.sqrt(variance.clamp(min=0))

    def uncertainty(self) -> Tensor:
        """Return the standard error of the standard deviation, float64, over all processes."""
        with self.sync_context(dist_sync_fn=self.dist_sync_fn):
            variance = (self.squares - self.total.square() / self.count) / (self.count - 1)
            return torch.sqrt(variance.clamp(min=0) / (2 * self.count))
