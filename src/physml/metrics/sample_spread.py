"""Standard deviation of a per-event value over a sample."""

from collections.abc import Callable, Mapping

from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities.data import dim_zero_cat

from physml.metrics.per_event import per_event


class SampleSpread(Metric):
    r"""Standard deviation of a per-event value over a sample, such as a resolution, with its standard error.

    .. math::
        s^2 = \frac{1}{n - 1} \sum_i (v_i - \bar v)^2, \qquad
        \sigma_s = \frac{s}{\sqrt{2 n}}

    The standard error holds for values that are normally distributed; heavier tails make it larger. Values are kept and
    gathered over processes. A NaN among the values makes the result NaN; so do fewer than two values.

    Units: `unit`, that of the values.

    Args:
        values: Function of arrays by their names (`prediction`, `target`, `network`, or any array of the batch) that
            gives one value :math:`v_i` per event, shape (events,).
        unit: Unit of the values, as printed beside the result; empty for a pure number.

    Example:
        >>> import torch
        >>> spread = SampleSpread(lambda x: x, unit="GeV")
        >>> spread.update({"x": torch.tensor([1.0, 2.0, 3.0])})
        >>> round(float(spread.compute()), 3), round(float(spread.uncertainty()), 3)
        (1.0, 0.408)
    """

    full_state_update = False
    seen: list[Tensor]

    def __init__(self, values: Callable[..., Tensor], unit: str = "") -> None:
        super().__init__()
        self.values = values
        self.unit = unit
        self.add_state("seen", [], dist_reduce_fx="cat")

    def update(self, arrays: Mapping[str, Tensor]) -> None:
        """Add the events of one batch, given as arrays by name.

        Raises:
            ValueError: The values are not one per event.
        """
        self.seen.append(per_event(self.values, arrays))

    @property
    def count(self) -> int:
        """Number of events so far in this process."""
        return sum(len(values) for values in self.seen)

    def compute(self) -> Tensor:
        """Return the standard deviation of all values so far, float64."""
        return self._all().std()

    def uncertainty(self) -> Tensor:
        """Return the standard error of the standard deviation, float64, over all processes."""
        with self.sync_context(dist_sync_fn=self.dist_sync_fn):
            values = self._all()
            return values.std() / (2 * len(values)) ** 0.5

    def _all(self) -> Tensor:
        # In float64 on the CPU: not every accelerator knows float64, and a sum of squares would cancel in float32.
        # Sorted, so that not even the last digit tells in how many processes the events were seen.
        return dim_zero_cat(self.seen).cpu().double().sort().values
