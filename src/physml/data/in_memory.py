"""What data modules that hold all of their events in memory have in common."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from lightning.pytorch import LightningDataModule

from physml.data.arrays import Arrays
from physml.data.folds import Fold
from physml.data.loader import BatchLoader


class InMemoryDataModule(LightningDataModule, ABC):
    """Serve three splits of events from memory; what derives from it says where they come from.

    Args:
        in_shape: Shape of one ``x``, without the dimension of events or points.
        out_shape: Shape of one output of the network; networks read it from here by interpolation.
        batch_size: Events in a batch, in each process.
        seed: Seed of the data, and of the order in which they are trained on.
        fold: Makes this training one of a cross-validation.
    """

    def __init__(
        self, in_shape: Sequence[int], out_shape: Sequence[int], batch_size: int, seed: int, fold: Fold | None
    ) -> None:
        super().__init__()
        self.in_shape, self.out_shape = list(in_shape), list(out_shape)
        self.batch_size, self.seed, self.fold = batch_size, seed, fold
        self._splits: dict[str, Arrays] = {}

    @abstractmethod
    def split(self, name: str) -> Arrays:
        """Return the events of the split ``train``, ``validation`` or ``test``."""

    def train_dataloader(self) -> BatchLoader:
        """Return the shuffled training batches."""
        return BatchLoader(self.split("train"), self.batch_size, shuffle=True, drop_last=True, seed=self.seed)

    def val_dataloader(self) -> BatchLoader:
        """Return the validation batches."""
        return BatchLoader(self.split("validation"), self.batch_size)

    def test_dataloader(self) -> BatchLoader:
        """Return the test batches."""
        return BatchLoader(self.split("test"), self.batch_size)
