"""Figures and animations of the test predictions."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import WandbLogger
from lightning.pytorch.utilities import rank_zero_warn
from matplotlib.animation import Animation, PillowWriter
from matplotlib.figure import Figure
from torch import Tensor
from torch.distributed.fsdp import FSDPModule

from physml.ops.named import call


class Figures(Callback):
    """Draw figures of the first test events, save them as PNG or GIF files, and send them to W&B where it is used.

    Args:
        directory: Where the files go: ``NAME.png`` for a figure, ``NAME.gif`` for an animation.
        plots: Functions by name that return a figure or an animation. They read arrays of the batch, ``prediction``,
            ``target`` and ``network`` by the names of their parameters. An experiment switches off one it inherits by
            None.
        events: How many test events they get.

    Raises:
        ValueError: A name would lead to another folder.
    """

    def __init__(
        self,
        directory: str,
        plots: Mapping[str, Callable[..., Figure | Animation] | None] | None = None,
        events: int = 1000,
    ) -> None:
        self.directory, self.events = Path(directory), events
        self.plots = {name: plot for name, plot in (plots or {}).items() if plot is not None}
        if wrong := [name for name in self.plots if Path(name).name != name]:
            raise ValueError(f"a figure {wrong[0]!r}: expected a file name without a folder: rename it")
        self._batches: list[dict[str, Tensor]] = []
        self._seen = 0

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Forget the events of an earlier test."""
        self._batches, self._seen = [], 0

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: dict[str, Tensor],
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep the batch if more events are wanted."""
        if self.plots and self._seen < self.events and trainer.is_global_zero:
            self._batches.append({name: array.cpu() for name, array in batch.items()})
            self._seen += len(batch["offsets"]) - 1 if "offsets" in batch else len(batch["x"])

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw and save the figures."""
        if not self._batches:
            return
        if isinstance(pl_module.network, FSDPModule):
            rank_zero_warn("figures are not drawn, as each process has a part of the network: physml eval draws them")
            return
        network = pl_module.network.cpu()
        with torch.no_grad():
            # Batch by batch: of many ragged events at once the messages would fill the memory.
            prediction = _joined([call(network, batch) for batch in self._batches])
            batch, self._batches = _concatenated(self._batches), []
            arrays = {**batch, "prediction": prediction, "network": network}
            if "y" in batch:
                arrays["target"] = batch["y"]
            self.directory.mkdir(parents=True, exist_ok=True)
            for name, plot in self.plots.items():
                try:
                    file = _save(call(plot, arrays), self.directory / name)
                except Exception as error:  # a figure that fails must not cost the results of the training
                    rank_zero_warn(f"figure {name!r} was not drawn: {' '.join(str(error).split())}")
                    continue
                for logger in trainer.loggers:
                    if isinstance(logger, WandbLogger):
                        log = logger.log_video if file.suffix == ".gif" else logger.log_image
                        log(f"figures/{name}", [str(file)])
        pl_module.network.to(pl_module.device)


def _save(drawn: Figure | Animation, path: Path) -> Path:
    """Write a figure or an animation beside `path`, with the suffix of its kind; return the file."""
    file = path.with_suffix(".gif" if isinstance(drawn, Animation) else ".png")
    try:
        if isinstance(drawn, Animation):
            drawn.save(file, writer=PillowWriter(fps=25), dpi=80)
        else:
            drawn.savefig(file, dpi=150)
    except OSError:
        file.unlink(missing_ok=True)  # half of it
        raise
    return file


def _concatenated(batches: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    merged = {name: torch.cat([batch[name] for batch in batches]) for name in batches[0] if name != "offsets"}
    if "offsets" in batches[0]:
        counts = torch.cat([batch["offsets"].diff() for batch in batches])
        merged["offsets"] = torch.cat([torch.zeros(1, dtype=torch.int64), counts.cumsum(0)])
    return merged


def _joined(predictions: list[Any]) -> Any:
    if isinstance(predictions[0], Tensor):
        return torch.cat(predictions)
    return type(predictions[0])._make(torch.cat(parts) for parts in zip(*predictions, strict=True))
