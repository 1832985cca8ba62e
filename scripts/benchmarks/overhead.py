"""What the template costs per training step, against hand-written loops, side by side in one run.

(a) a hand-written loop over PyTorch's usual ``DataLoader``, which collates sample by sample
(b) the same loop over physml's loader, which takes a batch by index
(c) physml's own training, with progress bar and CSV logging

Each is timed several times in turn, and the table shows the medians and the ratios. Run: ``python scripts/benchmarks/overhead.py``
"""

import argparse
import contextlib
import io
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial

import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from physml.callbacks.progress import ProgressBar
from physml.data.arrays import Arrays
from physml.data.loader import BatchLoader
from physml.networks.cnn import CNN
from physml.networks.mlp import MLP
from physml.runs.quiet import quiet
from physml.tasks.supervised import SupervisedTask

Batches = Callable[[], tuple[Tensor, Tensor]]


def hand_written(network: nn.Module, loss: nn.Module, batches, unpack: Callable, epochs: int) -> None:
    optimizer = torch.optim.Adam(network.parameters())
    for _ in range(epochs):
        for batch in batches:
            x, y = unpack(batch)
            optimizer.zero_grad()
            loss(network(x), y).backward()
            optimizer.step()


def lightning(network: nn.Module, loss: nn.Module, arrays: Arrays, batch_size: int, epochs: int) -> None:
    from lightning.pytorch import Trainer

    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        trainer = Trainer(
            accelerator="cpu",
            max_epochs=epochs,
            default_root_dir=folder,
            log_every_n_steps=10,
            enable_model_summary=False,
            use_distributed_sampler=False,
            callbacks=[ProgressBar(), ModelCheckpoint(dirpath=folder)],
            logger=CSVLogger(folder, name="", version=""),
        )
        task = SupervisedTask(network, loss, partial(torch.optim.Adam))
        trainer.fit(task, BatchLoader(arrays, batch_size, shuffle=True, drop_last=True))


def measure(make_network, loss, x: Tensor, y: Tensor, batch_size: int, epochs: int, repeats: int) -> dict[str, list[float]]:
    """Return milliseconds per step of each way, one number per repetition."""
    arrays = Arrays({"x": x, "y": y})
    steps = epochs * (len(x) // batch_size)
    usual = DataLoader(TensorDataset(x, y), batch_size, shuffle=True, drop_last=True)
    ways = {
        "a": lambda net: hand_written(net, loss, usual, lambda batch: batch, epochs),
        "b": lambda net: hand_written(
            net, loss, BatchLoader(arrays, batch_size, True, True), lambda batch: (batch["x"], batch["y"]), epochs
        ),
        "c": lambda net: lightning(net, loss, arrays, batch_size, epochs),
    }
    times: dict[str, list[float]] = {way: [] for way in ways}
    for repeat in range(repeats + 1):
        for way, train in ways.items():
            torch.manual_seed(0)
            network = make_network()
            started = time.perf_counter()
            train(network)
            if repeat:  # the first round warms up
                times[way].append(1e3 * (time.perf_counter() - started) / steps)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    quiet()
    warnings.filterwarnings("ignore")
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(51_200, 32, generator=generator)
    y = x.square().mean(1, keepdim=True)
    images = torch.randn(1280, 1, 48, 48, generator=generator)
    labels = torch.randint(5, (1280,), generator=generator)
    table = Table(title=f"milliseconds per step, medians of {repeats} ({torch.get_num_threads()} threads)")
    for column in ("problem", "(a) DataLoader", "(b) by index", "(c) physml", "(c)/(a)", "(c)/(b)", "fixed cost (c)−(b)"):
        table.add_column(column, justify="left" if column == "problem" else "right")
    problems = {
        "MLP 32-256-256-1, batch 256": partial(
            measure, lambda: MLP([32], [1], [256, 256]), nn.MSELoss(), x, y, batch_size=256, epochs=10
        ),
        "galaxy CNN, batch 128": partial(
            measure, lambda: CNN(1, 5), nn.CrossEntropyLoss(), images, labels, batch_size=128, epochs=3
        ),
    }
    for name, problem in problems.items():
        times = problem(repeats=repeats)
        a, b, c = (statistics.median(times[way]) for way in "abc")
        # Ratios pair by pair: the machine's speed drifts from one repetition to the next.
        c_to_a = statistics.median(p / q for p, q in zip(times["c"], times["a"], strict=True))
        c_to_b = statistics.median(p / q for p, q in zip(times["c"], times["b"], strict=True))
        table.add_row(name, f"{a:.2f}", f"{b:.2f}", f"{c:.2f}", f"{c_to_a:.2f}", f"{c_to_b:.2f}", f"{c - b:.2f}")
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
