"""Errors of Burgers' equation with a shock, solved in several ways, against the processor time of each."""

import argparse
import json
import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer, seed_everything
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table
from torch import Tensor

from physml.cli.compose import compose_config
from physml.data.collocation import SolutionSource
from physml.physics import burgers
from physml.runs.build import build
from physml.runs.files import write_text
from physml.runs.provenance import provenance
from physml.runs.quiet import quiet

TESTS = 40  # of each of our trainings


class Curve:
    """The error of a field against the processor time of its training.

    Args:
        x: Where the field is tested, time and place.
        y: The truth there.
        seconds: When the training is to end.
    """

    def __init__(self, x: Tensor, y: Tensor, seconds: float) -> None:
        self.x, self.y, self.seconds = x, y, seconds
        self.points: list[tuple[float, float]] = []
        self.spent, self.started = 0.0, time.process_time()

    def test(self, predict: Callable[[Tensor], Tensor]) -> bool:
        """Add the error of now; return whether the time is up."""
        self.spent += time.process_time() - self.started
        with torch.no_grad():
            error = (predict(self.x) - self.y).norm() / self.y.norm()
        self.points.append((self.spent, float(error)))
        self.started = time.process_time()
        return self.spent >= self.seconds


class Watch(Callback):
    """Test the field of a task now and then, and stop when the time is up."""

    def __init__(self, curve: Curve) -> None:
        self.curve = curve

    def on_train_batch_end(self, trainer: Trainer, task: LightningModule, *_: Any) -> None:
        """Test if the last time is long enough ago."""
        if time.process_time() - self.curve.started >= self.curve.seconds / TESTS:
            trainer.should_stop = self.curve.test(task.network)


def train(words: list[str], curve: Curve, seed: int) -> None:
    """Train the experiment, changed by some words of the command line."""
    config = compose_config("train", ["experiment=paper/raissi2019_burgers", f"seed={seed}", *words])
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


def compare(name: str, about: str, ways: Mapping[str, Callable[[Curve, int], None]], seconds: float) -> None:
    """Train in each way for the same time, one after the other; write and print the errors.

    Args:
        name: Of the files.
        about: What it is, for ``--help``.
        ways: Train, given the curve to test for and a seed.
        seconds: Those of the README's table.
    """
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=seconds)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=Path("runs") / "benchmarks")
    options = parser.parse_args()
    quiet()
    arrays = SolutionSource(burgers.shock)(25600, None).events
    curves = {}
    for label, way in ways.items():
        curve = Curve(arrays["x"], arrays["y"], options.seconds)
        way(curve, options.seed)
        curves[label] = curve.points
    options.folder.mkdir(parents=True, exist_ok=True)
    plot(curves).savefig(options.folder / f"{name}.png", dpi=150)
    found = {"provenance": provenance(options.seed), "seconds": options.seconds, "curves": curves}
    write_text(options.folder / f"{name}.json", json.dumps(found, indent=2) + "\n")
    Console(width=100).print(table(curves, options.seconds))


def table(curves: Mapping[str, list[tuple[float, float]]], seconds: float) -> Table:
    """Return the table "way × share of the time"."""
    shares = (0.125, 0.25, 0.5, 1.0)
    shown = Table(title=f"relative error after processor time ({torch.get_num_threads()} threads)")
    for column in ("", *(f"{share * seconds:.0f} s" for share in shares)):
        shown.add_column(column, justify="right" if column else "left")
    for label, points in curves.items():
        shown.add_row(label, *(f"{best_until(points, 1.05 * share * seconds):.1e}" for share in shares))
    return shown


def best_until(points: list[tuple[float, float]], seconds: float) -> float:
    """Return the error last measured before some time; NaN if there is none."""
    return next((error for spent, error in reversed(points) if spent <= seconds), math.nan)


def plot(curves: dict[str, list[tuple[float, float]]]) -> Figure:
    """Draw the curves."""
    figure = Figure(figsize=(6, 4), layout="constrained")
    panel = figure.add_subplot()
    for way, points in curves.items():
        panel.semilogy(*zip(*points, strict=True), label=way)
    panel.set(xlabel="processor time / s", ylabel="relative error (L2)", title="Burgers' equation, no data")
    panel.legend()
    return figure
