"""Step time, throughput and memory of a training against batch size, data size and number of processes.

One quantity at a time is changed: the events in a batch of all processes together, the events in memory, and the
number of processes on the CPU (gloo), once with the batch shared among them and once with a batch for each. Each
measurement is a training in processes of its own; the measurements take turns, round after round, and what is shown are
medians over the rounds, and of the ratios to the first one, one process, in the same round. A step is the time from the
end of one batch to the end of the next: loading, both passes, the exchange of gradients, the optimizer; beside it is
the processor time of it in one process, which other programs on the machine hardly change. Memory is how far the
resident size of a process rises from before the data are made (``VmHWM`` of Linux's ``/proc``).
Run: ``python scripts/benchmarks/scaling.py``; it writes ``scaling.json``.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer, seed_everything
from rich.console import Console
from rich.table import Table

from physml.cli.compose import compose_config
from physml.runs.build import build
from physml.runs.files import write_text
from physml.runs.provenance import provenance
from physml.runs.quiet import quiet

WARM = 5  # steps that are not counted


@dataclass(frozen=True)
class Case:
    """What is measured.

    Args:
        batch: Events in a batch of all processes together.
        data: Events in memory of each process.
        processes: Their number.
    """

    batch: int
    data: int
    processes: int

    def words(self, experiment: str) -> list[str]:
        """Return the words of the command line."""
        own = [f"data.batch_size={self.batch // self.processes}", f"data.train={self.data}", "logger=none"]
        trainer = ["trainer=cpu"] if self.processes == 1 else ["trainer=ddp_cpu", f"trainer.devices={self.processes}"]
        return [f"experiment={experiment}", *own, *trainer]


def cases(batches: Sequence[int], data: Sequence[int], processes: Sequence[int]) -> list[Case]:
    """Return what is measured, the case that the others are compared with first."""
    one = Case(batches[0], data[0], 1)
    others = [Case(batch, one.data, 1) for batch in batches[1:]]
    others += [Case(one.batch, events, 1) for events in data[1:]]
    for number in processes:
        others += [Case(one.batch, one.data, number), Case(number * one.batch, one.data, number)]
    return [one, *others]


class Stopwatch(Callback):
    """The times at which batches end: on the wall, and of this process."""

    def __init__(self) -> None:
        self.ends: list[tuple[float, float]] = []

    def on_train_batch_end(self, trainer: Trainer, task: LightningModule, *_: Any) -> None:
        """Note the times."""
        self.ends.append((time.perf_counter(), time.process_time()))

    def steps(self) -> dict[str, float]:
        """Return the median times of a step in milliseconds."""
        wall, cpu = (
            statistics.median(1e3 * (later[clock] - earlier[clock]) for earlier, later in pairwise(self.ends[WARM:]))
            for clock in (0, 1)
        )
        return {"step_ms": wall, "cpu_ms": cpu}


def resident(name: str) -> float:
    """Return a memory figure of this process in MB, by Linux's name for it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(name)) * 1024 / 1e6


def print_measured(case: Case, experiment: str, steps: int) -> None:
    """Train some steps and print what they took; Lightning starts this process again for each further one."""
    quiet()
    config = compose_config("train", case.words(experiment))
    seed_everything(0, verbose=False)
    task, stopwatch, before = build(config["task"]), Stopwatch(), resident("VmRSS")
    data = build(config["data"])
    changes = {"max_epochs": -1, "max_steps": WARM + 1 + steps, "limit_val_batches": 0, "enable_checkpointing": False}
    trainer = build({**config["trainer"], **changes}, callbacks=[stopwatch], logger=False, enable_progress_bar=False)
    trainer.fit(task, datamodule=data)
    if trainer.is_global_zero:
        print(json.dumps(stopwatch.steps() | {"memory_MB": resident("VmHWM") - before}))


def measure(case: Case, experiment: str, steps: int) -> dict[str, float]:
    """Return what a case takes, found in new processes."""
    numbers = [str(number) for number in (case.batch, case.data, case.processes, steps)]
    command = [sys.executable, __file__, "--experiment", experiment, "--measure", *numbers]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    return found | {"events_per_s": 1e3 * case.batch / found["step_ms"]}


def summary(rounds: Sequence[dict[Case, dict[str, float]]]) -> list[dict[str, Any]]:
    """Return the medians over the rounds for each case, and those of the ratios to the first case of the same round."""
    one, found = next(iter(rounds[0])), []
    for case in rounds[0]:
        entry: dict[str, Any] = asdict(case)
        for name in rounds[0][case]:
            entry[name] = statistics.median(each[case][name] for each in rounds)
            entry[f"{name}_ratios"] = [each[case][name] / each[one][name] for each in rounds]
        found.append(entry)
    return found


def table(found: Sequence[dict[str, Any]], experiment: str) -> Table:
    """Return the table of the terminal."""
    rounds = len(found[0]["step_ms_ratios"])
    shown = Table(title=f"{experiment}: medians of {rounds} rounds (ratio to the first line)", title_justify="left")
    columns = (
        "processes",
        "batch",
        "events in memory",
        "step / ms",
        "events / s",
        "CPU of a process / ms",
        "memory / MB",
    )
    for column in columns:
        shown.add_column(column, justify="right")
    for entry in found:
        numbers = [
            f"{entry[name]:.3g} ({statistics.median(entry[f'{name}_ratios']):.2f})"
            for name in ("step_ms", "events_per_s", "cpu_ms", "memory_MB")
        ]
        shown.add_row(str(entry["processes"]), str(entry["batch"]), str(entry["data"]), *numbers)
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--experiment", default="shower_gravnet")
    parser.add_argument("--batches", nargs="+", type=int, default=[32, 8, 128], help="events in a batch")
    parser.add_argument("--data", nargs="+", type=int, default=[1000, 4000], help="events in memory")
    parser.add_argument("--processes", nargs="+", type=int, default=[2], help="numbers of processes beside one")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path("runs") / "benchmarks")
    parser.add_argument("--measure", nargs=4, type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        *numbers, steps = options.measure
        print_measured(Case(*numbers), options.experiment, steps)
        return
    wanted = cases(options.batches, options.data, options.processes)
    options.folder.mkdir(parents=True, exist_ok=True)
    report = {"provenance": provenance(0), "experiment": options.experiment, "steps": options.steps}
    rounds: list[dict[Case, dict[str, float]]] = []
    for number in range(options.rounds):
        rounds.append({case: measure(case, options.experiment, options.steps) for case in wanted})
        report["cases"] = summary(rounds)
        write_text(options.folder / "scaling.json", json.dumps(report, indent=2) + "\n")
        print(f"round {number + 1} of {options.rounds} is written", file=sys.stderr)
    Console(width=140).print(table(report["cases"], options.experiment))


if __name__ == "__main__":
    main()
