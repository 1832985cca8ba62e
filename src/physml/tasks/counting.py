"""Each event of a test counts once, in however many processes it runs."""

from typing import Any

import torch
from lightning.pytorch import Trainer
from torch.utils.data import DataLoader

from physml.data.epochs import EpochLoader


def counted(trainer: Trainer, events: int) -> int:
    """Return how many events all processes have seen in a test together.

    Args:
        trainer: The trainer of the test that ends.
        events: How many this process has seen.

    Raises:
        ValueError: The loader has another number of them: some were left out, or were padded to fill batches, or every
            process has seen all of them.
    """
    number = torch.tensor(events, device=trainer.strategy.root_device)
    total = int(trainer.strategy.reduce(number, reduce_op="sum"))
    expected = _total(trainer.test_dataloaders)
    whole = isinstance(trainer.limit_test_batches, float) and trainer.limit_test_batches == 1.0  # 1 is one batch
    if whole and expected not in (None, total):
        raise ValueError(
            f"expected each of the {expected} events of the test once, got {total} from {trainer.world_size} "
            "processes: let test_dataloader() give each process its own part, as physml.data.loader.BatchLoader does"
        )
    return total


def _total(loader: Any) -> int | None:
    """Return the number of events behind a loader; None where it does not tell."""
    if isinstance(loader, EpochLoader):
        return loader.total()
    whole = isinstance(loader, DataLoader) and not loader.drop_last and hasattr(loader.dataset, "__len__")
    return len(loader.dataset) if whole else None
