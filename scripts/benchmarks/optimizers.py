"""Burgers' equation with a shock by Adam, SOAP, L-BFGS and Levenberg–Marquardt: error against computing time.

All minimise the same mean squared residual of the same field, which meets its conditions exactly, from the same seed
and for the same seconds of processor time (the tests are not counted), one after the other in this process. Adam and
SOAP get a new batch for each step, at constant learning rates, L-BFGS the same points for all steps;
Levenberg–Marquardt is the experiment as it is.
Run: ``python scripts/benchmarks/optimizers.py --seconds 60``; it writes ``optimizers.png`` and ``optimizers.json``.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer, seed_everything
from pinn import EXPERIMENT, Curve, best_until, plot
from rich.console import Console
from rich.table import Table

from physml.cli.compose import compose_config
from physml.data.collocation import SolutionSource
from physml.physics import burgers
from physml.runs.build import build
from physml.runs.files import write_text
from physml.runs.provenance import provenance
from physml.runs.quiet import quiet

GRADIENTS = ["task=supervised", "loss=burgers", "~task.constraints.burgers", "~task.points"]
WAYS = {
    "Adam": [*GRADIENTS, "optimizer=adam", "task.optimizer.lr=3e-3", "data.batch_size=1000"],
    "SOAP": [*GRADIENTS, "optimizer=soap", "task.optimizer.lr=3e-3", "data.batch_size=1000"],
    "L-BFGS": [*GRADIENTS, "optimizer=lbfgs", "data.train=4000", "data.batch_size=4000"],
    "Levenberg–Marquardt": [],
}
TESTS = 40  # of each training


class Watch(Callback):
    """Test the field of a task now and then, and stop when the time is up."""

    def __init__(self, curve: Curve) -> None:
        self.curve = curve

    def on_train_batch_end(self, trainer: Trainer, task: LightningModule, *_: Any) -> None:
        """Test if the last time is long enough ago."""
        if time.process_time() - self.curve.started >= self.curve.seconds / TESTS:
            trainer.should_stop = self.curve.test(task.network)


def train(words: list[str], curve: Curve, seed: int) -> None:
    config = compose_config("train", [f"experiment={EXPERIMENT}", f"seed={seed}", *words])
    seed_everything(seed, verbose=False)
    task, data = build(config["task"]), build(config["data"])
    data.split("train")
    trainer = Trainer(
        max_epochs=10**9,
        limit_val_batches=0,
        callbacks=[Watch(curve)],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        log_every_n_steps=1,
    )
    curve.started = time.process_time()
    trainer.fit(task, datamodule=data)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=Path("runs") / "benchmarks")
    options = parser.parse_args()
    quiet()
    arrays = SolutionSource(burgers.shock)(25600, None).events
    curves = {}
    for way, words in WAYS.items():
        curve = Curve(arrays["x"], arrays["y"], options.seconds)
        train(words, curve, options.seed)
        curves[way] = curve.points
    options.folder.mkdir(parents=True, exist_ok=True)
    plot(curves).savefig(options.folder / "optimizers.png", dpi=150)
    found = {"provenance": provenance(options.seed), "seconds": options.seconds, "curves": curves}
    write_text(options.folder / "optimizers.json", json.dumps(found, indent=2) + "\n")
    shares = (0.125, 0.25, 0.5, 1.0)
    table = Table(title=f"relative error after processor time ({torch.get_num_threads()} threads)")
    for column in ("", *(f"{share * options.seconds:.0f} s" for share in shares)):
        table.add_column(column, justify="right" if column else "left")
    for way, points in curves.items():
        table.add_row(way, *(f"{best_until(points, 1.05 * share * options.seconds):.1e}" for share in shares))
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
