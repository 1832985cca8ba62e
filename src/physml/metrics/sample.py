"""Statistics of a per-event value over a sample."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping

from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities.data import dim_zero_cat

from physml.metrics.per_event import per_event


class SampleStatistic(Metric, ABC):
    """A statistic of a per-event value over a sample, with its standard error.

    What derives from it says what both are of all values. Values are kept and gathered over processes. A NaN among them
    makes the result NaN: a diverged network is to be seen.

    Units: `unit`, that of the values.

    Args:
        values: Function of arrays by their names (`prediction`, `target`, `network`, or any array of the batch) that
            gives one value :math:`v_i` per event, shape (events,).
        unit: Unit of the values, as printed beside the result; empty for a pure number.
    """

    full_state_update = False
    seen: list[Tensor]

    def __init__(self, values: Callable[..., Tensor], unit: str = "") -> None:
        super().__init__()
        self.values = values
        self.unit = unit
        self.add_state("seen", [], dist_reduce_fx="cat")

    @abstractmethod
    def statistic(self, values: Tensor) -> Tensor:
        """Return the statistic of all values. Shapes: (events,) → scalar."""

    @abstractmethod
    def standard_error(self, values: Tensor) -> Tensor:
        """Return its standard error. Shapes: (events,) → scalar."""

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
        """Return the statistic of all values so far, float64."""
        return self.statistic(self._all())

    def uncertainty(self) -> Tensor:
        """Return its standard error, float64, over all processes."""
        with self.sync_context(dist_sync_fn=self.dist_sync_fn):
            return self.standard_error(self._all())

    def _all(self) -> Tensor:
        # In float64 on the CPU: not every accelerator knows float64, and a sum of squares would cancel in float32.
        # Sorted, so that not even the last digit tells in how many processes the events were seen.
        return dim_zero_cat(self.seen).cpu().double().sort().values
