"""What the template costs per training step, against hand-written loops, side by side in one run.

(a) a hand-written loop over PyTorch's usual ``DataLoader``, which collates sample by sample
(b) the same loop over physml's loader, which takes a batch by index
(c) physml's own training with its default trainer, callbacks, progress bar and CSV log

All use the same network, loss, optimizer and batches, and are timed in turn; the table shows medians, and the median of
the ratios of each turn. Run: ``python scripts/benchmarks/overhead.py``
"""

import argparse
import contextlib
import io
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable
from functools import partial

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from physml.cli.compose import compose_config
from physml.data.arrays import Arrays
from physml.data.loader import BatchLoader
from physml.networks.cnn import CNN
from physml.networks.mlp import MLP
from physml.runs.quiet import quiet
from physml.runs.train import build_trainer
from physml.tasks.supervised import SupervisedTask


def hand_written(network: nn.Module, loss: nn.Module, batches: Iterable, unpack: Callable, epochs: int) -> None:
    optimizer = torch.optim.Adam(network.parameters())
    for _ in range(epochs):
        for batch in batches:
            x, y = unpack(batch)
            optimizer.zero_grad()
            loss(network(x), y).backward()
            optimizer.step()


def trainer_config(folder: str, epochs: int) -> dict:
    words = ["experiment=none", "data=two_moons", "network=mlp", "logger=csv", "trainer=cpu"]
    changes = ["monitor.name=train/J", f"trainer.max_epochs={epochs}", f"run_dir={folder}"]
    return compose_config("train", [*words, *changes])


def physml(network: nn.Module, loss: nn.Module, batches: BatchLoader, config: dict) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        task = SupervisedTask(network, loss, partial(torch.optim.Adam))
        build_trainer(config).fit(task, batches)


def measure(
    make_network: Callable[[], nn.Module], loss: nn.Module, x: Tensor, y: Tensor, batch_size: int, epochs: int
) -> dict[str, float]:
    """Return milliseconds per step of each way."""
    usual = DataLoader(TensorDataset(x, y), batch_size, shuffle=True, drop_last=True)
    ours = partial(BatchLoader, Arrays({"x": x, "y": y}), batch_size, shuffle=True, drop_last=True)
    ways = {
        "a": lambda network: hand_written(network, loss, usual, lambda batch: batch, epochs),
        "b": lambda network: hand_written(network, loss, ours(), lambda batch: (batch["x"], batch["y"]), epochs),
        "c": lambda network: physml(network, loss, ours(), config),
    }
    times = {}
    with tempfile.TemporaryDirectory() as folder:
        config = trainer_config(folder, epochs)
        for way, train in ways.items():
            torch.manual_seed(0)
            network = make_network()
            started = time.perf_counter()
            train(network)
            times[way] = 1e3 * (time.perf_counter() - started) / (epochs * len(usual))
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5, help="timed turns after one to warm up")
    repeats = parser.parse_args().repeats
    quiet()
    warnings.filterwarnings("ignore")
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(51_200, 32, generator=generator)
    y = x.square().mean(1, keepdim=True)
    images = torch.randn(8000, 1, 48, 48, generator=generator)
    labels = torch.randint(5, (8000,), generator=generator)
    problems = {
        "MLP 32-256-256-1, batch 256": partial(
            measure, lambda: MLP([32], [1], [256, 256]), nn.MSELoss(), x, y, batch_size=256, epochs=10
        ),
        "galaxy CNN, batch 128": partial(
            measure, lambda: CNN(1, 5), nn.CrossEntropyLoss(), images, labels, batch_size=128, epochs=5
        ),
    }
    table = Table(title=f"milliseconds per step, medians of {repeats} turns ({torch.get_num_threads()} threads)")
    for column in (
        "problem",
        "(a) DataLoader",
        "(b) by index",
        "(c) physml",
        "(c)/(a)",
        "(c)/(b)",
        "fixed cost (c)-(b)",
    ):
        table.add_column(column, justify="left" if column == "problem" else "right")
    for name, problem in problems.items():
        turns = [problem() for _ in range(repeats + 1)][1:]
        a, b, c = (statistics.median(turn[way] for turn in turns) for way in "abc")
        # Ratios turn by turn: the machine's speed drifts.
        to_a, to_b = (statistics.median(turn["c"] / turn[way] for turn in turns) for way in "ab")
        table.add_row(name, f"{a:.2f}", f"{b:.2f}", f"{c:.2f}", f"{to_a:.2f}", f"{to_b:.2f}", f"{c - b:.2f}")
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
