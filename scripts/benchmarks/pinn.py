"""Burgers' equation with a shock, solved without data by physml and by DeepXDE: error against computing time.

Both get the same problem and the same seconds of processor time (not of the wall, which other programs stretch), one
after the other in this process, and are tested on the exact solution at the same points; the tests are not counted.
DeepXDE has the settings of its own example of Burgers' equation: 3 × 20 tanh, 2540 points in the domain, 80 on the
walls, 160 at the start, Adam with a learning rate of 1e-3. It is no dependency: ``pip install deepxde`` first, or it is
left out. Run: ``python scripts/benchmarks/pinn.py --seconds 120``; it writes ``pinn.png`` and ``pinn.json``.
"""

import argparse
import importlib.util
import json
import math
import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, Trainer, seed_everything
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
from physml.tasks.least_squares import LeastSquaresTask

EXPERIMENT = "paper/raissi2019_burgers"


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
    """Test the field of a task after each batch."""

    def __init__(self, curve: Curve) -> None:
        self.curve = curve

    def on_train_batch_end(self, trainer: Trainer, task: LeastSquaresTask, *_: Any) -> None:
        """Stop when the time is up."""
        trainer.should_stop = self.curve.test(task.network)


def physml(curve: Curve, seed: int) -> None:
    config = compose_config("train", [f"experiment={EXPERIMENT}", f"seed={seed}"])
    seed_everything(seed, verbose=False)
    task, data = build(config["task"]), build(config["data"])
    data.split("train")
    curve.started = time.process_time()
    quiet_trainer = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    quiet_trainer["enable_model_summary"] = False
    trainer = Trainer(max_epochs=10_000, limit_val_batches=0, callbacks=[Watch(curve)], **quiet_trainer)
    trainer.fit(task, datamodule=data)


def deepxde(curve: Curve, seed: int) -> None:
    os.environ["DDE_BACKEND"] = "pytorch"
    import deepxde as dde

    dde.config.set_random_seed(seed)
    domain = dde.geometry.GeometryXTime(dde.geometry.Interval(-1, 1), dde.geometry.TimeDomain(0, 0.99))

    def equation(x: Tensor, y: Tensor) -> Tensor:
        y_x, y_t = dde.grad.jacobian(y, x, i=0, j=0), dde.grad.jacobian(y, x, i=0, j=1)
        return y_t + y * y_x - 0.01 / math.pi * dde.grad.hessian(y, x, i=0, j=0)

    def start(x):
        return -torch.sin(math.pi * torch.as_tensor(x[:, 0:1])).numpy()

    walls = dde.icbc.DirichletBC(domain, lambda _: 0, lambda _, on_boundary: on_boundary)
    initial = dde.icbc.IC(domain, start, lambda _, on_initial: on_initial)
    data = dde.data.TimePDE(domain, equation, [walls, initial], num_domain=2540, num_boundary=80, num_initial=160)
    model = dde.Model(data, dde.nn.FNN([2, 20, 20, 20, 1], "tanh", "Glorot normal"))
    model.compile("adam", lr=1e-3)

    class Watching(dde.callbacks.Callback):
        def on_batch_end(self) -> None:
            if self.model.train_state.step % 250 == 0:
                xt = curve.x.flip(1).numpy().astype("float32")
                self.model.stop_training = curve.test(lambda _: torch.from_numpy(self.model.predict(xt)))

    curve.started = time.process_time()
    model.train(iterations=10**9, display_every=10**9, callbacks=[Watching()])


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=Path("runs") / "benchmarks")
    options = parser.parse_args()
    quiet()
    warnings.filterwarnings("ignore")
    ways = {"physml": physml, "DeepXDE": deepxde}
    if importlib.util.find_spec("deepxde") is None:
        print("DeepXDE is not installed and left out: pip install deepxde brings it")
        del ways["DeepXDE"]
    arrays = SolutionSource(burgers.shock)(25600, None).events
    curves = {}
    for way, train in ways.items():
        curve = Curve(arrays["x"], arrays["y"], options.seconds)
        train(curve, options.seed)
        curves[way] = curve.points
    options.folder.mkdir(parents=True, exist_ok=True)
    plot(curves).savefig(options.folder / "pinn.png", dpi=150)
    found = {"provenance": provenance(options.seed), "seconds": options.seconds, "curves": curves}
    write_text(options.folder / "pinn.json", json.dumps(found, indent=2) + "\n")
    shares = (0.125, 0.25, 0.5, 1.0)
    table = Table(title=f"relative error after processor time ({torch.get_num_threads()} threads)")
    for column in ("", *(f"{share * options.seconds:.0f} s" for share in shares)):
        table.add_column(column, justify="right" if column else "left")
    for way, points in curves.items():
        table.add_row(way, *(f"{best_until(points, 1.05 * share * options.seconds):.1e}" for share in shares))
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
