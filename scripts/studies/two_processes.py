"""Whether two processes train as one: gradients, weights, figures of merit, and the events that were counted.

Each foundation experiment, and the showers streamed from files of each kind, is trained for an epoch of few events in
double precision on the CPU: by one process, and by two (gloo) whose batches are half as large. Compared are the
gradients of the first step and the weights after the epoch (the largest difference over the largest of their numbers),
the test metrics of both trainings, and those that two processes find for the weights of the one (the largest relative
difference; 0 means the same to the last digit). Run: ``python scripts/studies/two_processes.py``; it writes
``two_processes.json``.
"""

import argparse
import contextlib
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from rich.console import Console
from rich.table import Table
from trainings import refuse_other_words

from physml.cli.compose import compose_config
from physml.runs.evaluate import evaluate
from physml.runs.files import write_text
from physml.runs.provenance import provenance
from physml.runs.simulate import simulate
from physml.runs.train import train

BATCH = 16  # events, of all processes together
EVENTS = 117  # in a file
FEW = ["data.train=100", "data.validation=20", "data.test=33"]
FOUNDATION = ("shower_gravnet", "galaxy_cnn", "pendulum_rnn", "nbody_e3nn", "jet_autoencoder", "moons_flow")
STREAMED = ["experiment=shower_gravnet", "data=shower_files", "+data.block_size=10"]
TRAININGS = {name: [f"experiment={name}", *FEW] for name in FOUNDATION}
TRAININGS |= {f"showers{kind}": [*STREAMED, f"data.path=FOLDER/showers{kind}"] for kind in (".h5", ".parquet", ".root")}
QUIET = ["logger=none", "+trainer.enable_progress_bar=false"]
QUIET += [f"callbacks.{name}=null" for name in ("progress", "figures", "learning_rate")]


class FirstGradients(Callback):
    """Write the gradients of the first step, as all processes have them, to a file.

    Args:
        file: The file.
    """

    def __init__(self, file: str) -> None:
        self.file = Path(file)

    def on_before_optimizer_step(self, trainer: Trainer, task: LightningModule, optimizer: Any) -> None:
        """Write them, once."""
        if trainer.global_step == 0 and trainer.is_global_zero:
            torch.save({name: each.grad for name, each in task.named_parameters() if each.grad is not None}, self.file)


def words(name: str, folder: Path, processes: int) -> list[str]:
    """Return the words of the command line that describe a training by one or two processes."""
    run = folder / f"{name}_{processes}"
    return [
        *(word.replace("FOLDER", str(folder)) for word in TRAININGS[name]),
        f"data.batch_size={BATCH // processes}",
        f"trainer={'cpu' if processes == 1 else 'ddp_cpu'}",
        "trainer.max_epochs=1",
        "+trainer.precision=64-true",
        *QUIET,
        f"+callbacks.first={{_target_: two_processes.FirstGradients, file: {run / 'gradients.pt'}}}",
        f"run_dir={run}",
    ]


def train_missing(names: list[str], folder: Path, processes: int) -> None:
    """Do the trainings that are not done; two processes also test the weights of the one.

    Lightning starts this program again for the second process, which does the same.
    """
    for name in names:
        overrides = words(name, folder, processes)
        if (folder / f"{name}_{processes}" / "results.json").exists():
            refuse_other_words(folder / f"{name}_{processes}", overrides)
            continue
        train(compose_config("train", overrides), overrides)
        if processes > 1:
            settings = [f"run={folder / f'{name}_1'}", "trainer=ddp_cpu", f"++data.batch_size={BATCH // processes}"]
            evaluate(compose_config("eval", settings))


def difference(found: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> float:
    """Return the largest difference over the largest number."""
    names = [name for name, array in expected.items() if array.is_floating_point() and array.numel()]
    worst = torch.stack([(found[name] - expected[name]).abs().max().double() for name in names]).max()
    return float(worst / torch.stack([expected[name].abs().max().double() for name in names]).max())


def differences(found: dict[str, Any], expected: dict[str, Any]) -> dict[str, float]:
    """Return the relative difference of each test metric; infinity where one of two is no number."""

    def relative(one: float | None, other: float | None) -> float:
        if one == other:
            return 0.0
        return math.inf if one is None or other is None else abs(one - other) / max(abs(one), abs(other))

    return {name: relative(found[name]["value"], entry["value"]) for name, entry in expected.items()}


def compare(name: str, folder: Path) -> dict[str, Any]:
    """Return what a training by two processes has in common with that by one."""
    one, two = folder / f"{name}_1", folder / f"{name}_2"
    results = [json.loads((run / "results.json").read_text()) for run in (one, two)]
    tested = json.loads(max(one.glob("evaluations/*/results.json")).read_text())
    gradients, weights = (
        [torch.load(run / file, weights_only=True) for run in (two, one)]
        for file in ("gradients.pt", "checkpoints/last.ckpt")
    )
    return {
        "steps": [result["steps"] for result in results],
        "gradients": difference(*gradients),
        "weights": difference(*(state["state_dict"] for state in weights)),
        "metrics": differences(results[1]["metrics"], results[0]["metrics"]),
        "metrics_of_the_same_weights": differences(tested["metrics"], results[0]["metrics"]),
        "test_events": [results[0]["test_events"], results[1]["test_events"], tested["test_events"]],
    }


def table(found: dict[str, dict[str, Any]]) -> Table:
    """Return the table of the terminal."""
    shown = Table(title="two processes against one, relative differences", title_justify="left")
    columns = ("steps", "gradients", "weights", "metrics", "metrics, same weights", "test events")
    for column in ("training", *columns):
        shown.add_column(column, justify="left" if column == "training" else "right")
    for name, entry in found.items():
        numbers = [entry["gradients"], entry["weights"]]
        numbers += [max(entry[key].values()) for key in ("metrics", "metrics_of_the_same_weights")]
        counts = [" / ".join(map(str, entry[key][:2])) for key in ("steps", "test_events")]
        shown.add_row(name, counts[0], *(f"{number:.0e}" if number else "0" for number in numbers), counts[1])
    return shown


def write_showers(names: list[str], folder: Path) -> None:
    """Write the files of the trainings that stream."""
    for file in (folder / name for name in names if name not in FOUNDATION):
        if not file.exists():
            simulate(compose_config("simulate", ["system=calorimeter", f"output={file}", f"+system.count={EVENTS}"]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("runs") / "studies" / "two_processes")
    parser.add_argument("--only", nargs="+", choices=TRAININGS, default=list(TRAININGS))
    parser.add_argument("--together", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    folder = options.folder.resolve()
    if options.together:
        train_missing(options.only, folder, 2)
        return
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.redirect_stdout(sys.stderr):
        write_showers(options.only, folder)
        train_missing(options.only, folder, 1)
    command = [sys.executable, __file__, "--together", "--folder", str(folder), "--only", *options.only]
    subprocess.run(command, stdout=sys.stderr, check=True)
    found = {name: compare(name, folder) for name in options.only}
    write_text(
        folder / "two_processes.json", json.dumps({"provenance": provenance(0), "trainings": found}, indent=2) + "\n"
    )
    Console(width=120).print(table(found))


if __name__ == "__main__":
    main()
