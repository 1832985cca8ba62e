"""Time is marched through: the windows of a field are learnt one after the other."""

from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities import rank_zero_warn

from physml.networks.marching_field import MarchingField


class TimeMarching(Callback):
    """Let each window of a `physml.networks.marching_field.MarchingField` be learnt for its share of the epochs.

    The points of each batch, drawn in the whole box, are moved into the window at hand. Validation sees all windows,
    so that what it monitors counts in the last window only.
    """

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Refuse a network without windows and a training without an end, and warn of less epochs than windows.

        Raises:
            ValueError: The network has none, or the number of epochs is not set.
        """
        network = pl_module.network
        if not isinstance(network, MarchingField):
            raise ValueError(
                f"expected a field with windows of time to march through, got {type(network).__name__}: use "
                "network=marching_field"
            )
        if trainer.max_epochs is None or trainer.max_epochs < 1:
            raise ValueError(
                f"expected a number of epochs to share among windows of time, got {trainer.max_epochs}: set "
                "trainer.max_epochs"
            )
        if trainer.max_epochs < len(network.fields):
            rank_zero_warn(
                f"{trainer.max_epochs} epochs for {len(network.fields)} windows of time: some are never learnt: raise "
                "trainer.max_epochs, or lower task.network.windows"
            )
        network.window = self._window(trainer, network)

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Choose the window, and move the points into it.

        Raises:
            ValueError: There are values that were measured at the points, which cannot move.
        """
        if others := sorted(set(batch) - {"x"}):
            raise ValueError(
                f"expected points alone to move into a window of time, got {', '.join(others)} with them: use points "
                "that are drawn, as of physml.data.collocation.BoxSource"
            )
        pl_module.network.window = self._window(trainer, pl_module.network)
        batch["x"] = pl_module.network.within_window(batch["x"])

    @staticmethod
    def _window(trainer: Trainer, network: MarchingField) -> int:
        return min(trainer.current_epoch * len(network.fields) // trainer.max_epochs, len(network.fields) - 1)
