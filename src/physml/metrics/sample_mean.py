"""Mean of a per-event value over a sample."""

from collections.abc import Callable, Mapping

from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities.data import dim_zero_cat

from physml.metrics.per_event import per_event


class SampleMean(Metric):
    r"""Mean of a per-event value over a sample, with its standard error.

    .. math::
        \bar v = \frac{1}{n} \sum_i v_i, \qquad
        \sigma_{\bar v} = \frac{s}{\sqrt n}, \qquad
        s^2 = \frac{1}{n - 1} \sum_i (v_i - \bar v)^2

    Values are kept and gathered over processes. A NaN among the values makes the result NaN: a diverged
    network is to be seen. The standard error of fewer than two values is NaN.

    Units: `unit`, that of the values.

    Args:
        values: Function of arrays by their names (`prediction`, `target`, `network`, or any array of the batch) that
            gives one value :math:`v_i` per event, shape (events,).
        unit: Unit of the values, as printed beside the result; empty for a pure number.

    Example:
        >>> import torch
        >>> mean = SampleMean(lambda x: x, unit="GeV")
        >>> mean.update({"x": torch.tensor([1.0, 2.0, 3.0])})
        >>> round(float(mean.compute()), 3), round(float(mean.uncertainty()), 3)
        (2.0, 0.577)
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
        """Return the mean of all values so far, float64."""
        return self._all().mean()

    def uncertainty(self) -> Tensor:
        """Return the standard error of the mean, float64, over all processes."""
        with self.sync_context(dist_sync_fn=self.dist_sync_fn):
            values = self._all()
            return values.std() / len(values) ** 0.5

    def _all(self) -> Tensor:
        # In float64 on the CPU: not every accelerator knows float64, and a sum of squares would cancel in float32.
        # Sorted, so that not even the last digit tells in how many processes the events were seen.
        return dim_zero_cat(self.seen).cpu().double().sort().values
