"""GravNet and its rivals on overlapping showers (Qasim 2019, arXiv 1902.07987), over several seeds.

Trains every experiment ``paper/qasim2019_*`` with every seed, skipping what is done, then writes one JSON file with the
figures of merit, their spread over the seeds, parameters, latency and peak memory, prints them as a table, and draws
all methods against the distance and the energy of the showers. Memory is read from Linux's ``/proc``. Words before
the options go to every training; one folder holds runs of the same words alone. Run:
``python scripts/studies/qasim2019.py --seeds 1 2 3``; to see whether it works, add
the words ``trainer=smoke data.train=64 data.validation=32 data.test=32`` before the options, and ``--folder /tmp/try``.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor
from trainings import commits, finished, results, train_missing

import physml
from physml.metrics.showers import accuracy, response
from physml.ops.named import call
from physml.report.shower_scans import accuracy_scan, response_scan, rivals
from physml.runs.build import build
from physml.runs.configs import config_directory
from physml.runs.files import write_text
from physml.runs.provenance import provenance

PREFIX = "qasim2019_"
BATCH = 32
MERITS = ("accuracy", "response", "response_spread")
COSTS = ("parameters", "train_seconds", "latency_1_ms", f"latency_{BATCH}_ms", "inference_MiB", "training_MiB")


def overrides(method: str, seed: int, words: list[str]) -> list[str]:
    """Return the words of the command line that make up a training."""
    return [f"experiment=paper/{PREFIX}{method}", f"seed={seed}", *words]


def costs(run: Path) -> dict[str, float]:
    """Return latency and peak memory of a run's network, each measured in a fresh process."""
    found = {}
    for what in ("latency", "memory"):
        # Large blocks go back to the system when they are freed, so that the peak is not hidden in old ones.
        environment = {**os.environ, **({"MALLOC_MMAP_THRESHOLD_": "65536"} if what == "memory" else {})}
        words = [sys.executable, __file__, "--measure", what, str(run)]
        done = subprocess.run(words, env=environment, check=True, stdout=subprocess.PIPE, text=True)
        found |= json.loads(done.stdout)
    return found


def measure(what: str, run: Path) -> dict[str, float]:
    """Return the latency in ms of the network on one event and on a batch, or its peak memory in MiB."""
    task = physml.load(run).eval()
    arrays = build({**task.hparams["data"], "test": BATCH}).split("test")
    batches = {1: arrays[slice(0, 1)], BATCH: arrays[slice(None)]}

    def predict(count: int) -> None:
        with torch.inference_mode():
            task(batches[count])

    def step() -> None:
        task.train().objective(batches[BATCH]).total.backward()

    if what == "latency":
        return {f"latency_{count}_ms": 1e3 * median_seconds(lambda n=count: predict(n)) for count in batches}
    predict(1)
    inference = peak(lambda: predict(BATCH))
    return {"inference_MiB": inference, "training_MiB": peak(step)}


def median_seconds(action: Callable[[], None], repeats: int = 30) -> float:
    """Return the median duration of an action, after three to warm up."""
    times = []
    for _ in range(repeats + 3):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return statistics.median(times[3:])


def peak(action: Callable[[], None]) -> float:
    """Return by how many MiB the resident memory of this process rises at most during an action."""

    def resident(name: str) -> float:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith(name)) / 1024

    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the highest value so far is forgotten
    action()
    return resident("VmHWM") - before


def compare(folder: Path, methods: list[str], seed: int) -> dict[str, dict[str, float]]:
    """Draw all methods of one seed against distance and energy, and return the figures of merit of the classical rules.

    The rules have no weights. All methods must have seen the same test events.
    """
    fractions, arrays = {}, {}
    for method in methods:
        task = physml.load(finished(folder, method, seed)).eval()
        batches = build(task.hparams["data"]).test_dataloader()
        with torch.inference_mode():
            fractions[method] = torch.cat([task(batch) for batch in batches])
        found = batches.arrays[slice(None)]
        arrays = arrays or found
        if not torch.equal(found["offsets"], arrays["offsets"]):
            raise SystemExit(
                f"{method}, seed {seed}: expected the test events of {methods[0]}, got others: "
                "give all methods the same data, or compare them in folders of their own"
            )
    arrays["target"] = arrays["y"]
    rules = call(rivals, arrays)
    for name, plot in {"accuracy": accuracy_scan, "response": response_scan}.items():
        call(partial(plot, fractions | rules), arrays).savefig(folder / f"{name}.png", dpi=150)
    return {name: merits(given, arrays) for name, given in rules.items()}


def merits(fractions: Tensor, arrays: dict[str, Tensor]) -> dict[str, float]:
    """Return the figures of merit of some fractions, as the experiments define them."""
    given = arrays | {"prediction": fractions}
    found = call(response, given)
    values = call(accuracy, given).mean(), found.mean(), found.std()
    return dict(zip(MERITS, map(float, values), strict=True))


def spread(values: list[float]) -> dict[str, float | None]:
    """Return mean and standard deviation over the seeds."""
    return {"mean": statistics.fmean(values), "spread": statistics.stdev(values) if len(values) > 1 else None}


def collect(folder: Path, methods: list[str], seeds: list[int], rules: dict[str, dict[str, float]]) -> dict:
    """Return figures of merit and costs of all methods from their finished runs, and the merits of the rules."""
    found: dict = {"provenance": provenance(seeds[0]), "seeds": seeds, "methods": {}}
    for method in methods:
        runs = [run for seed in seeds if (run := finished(folder, method, seed))]
        measured = [results(run) for run in runs]
        values = {name: spread([r["metrics"][name]["value"] for r in measured]) for name in MERITS}
        seconds = spread([r["train_seconds"] for r in measured])["mean"]
        price = {"parameters": measured[0]["parameters"], "train_seconds": seconds, **costs(runs[0])}
        found["methods"][method] = {"merits": values, "costs": price, "git_commits": commits(runs)}
    for name, values in rules.items():
        found["methods"][name] = {"merits": {merit: spread([value]) for merit, value in values.items()}, "costs": {}}
    return found


def table(found: dict) -> Table:
    """Return the table "method × figure of merit": mean ± spread over the seeds."""
    shown = Table(title=f"mean ± spread over {len(found['seeds'])} seeds; {found['provenance']['cpu_threads']} threads")
    shown.add_column("method")
    for name in (*MERITS, *COSTS):
        shown.add_column(name.replace("_", " "), justify="right")
    for method, entry in found["methods"].items():
        values = [entry["merits"][name] for name in MERITS]
        cells = [f"{v['mean']:.4f}" + (f" ± {v['spread']:.4f}" if v["spread"] is not None else "") for v in values]
        price = [f"{entry['costs'][name]:,.1f}".removesuffix(".0") if name in entry["costs"] else "" for name in COSTS]
        shown.add_row(method, *cells, *price)
    return shown


def main() -> None:
    experiments = sorted((config_directory() / "experiment" / "paper").glob(f"{PREFIX}*.yaml"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", nargs="+", default=[path.stem.removeprefix(PREFIX) for path in experiments])
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--folder", type=Path, default=Path("runs") / "studies" / "qasim2019")
    parser.add_argument("--measure", nargs=2, metavar=("WHAT", "RUN"), help="latency or memory of one run, as JSON")
    options, words = parser.parse_known_args()
    if options.measure:
        print(json.dumps(measure(options.measure[0], Path(options.measure[1]))))
        return
    # Seed by seed, so that an early look compares all methods.
    wanted = [(method, seed) for seed in options.seeds for method in options.methods]
    train_missing(options.folder, {(method, seed): overrides(method, seed, words) for method, seed in wanted})
    rules = compare(options.folder, options.methods, options.seeds[0])
    found = collect(options.folder, options.methods, options.seeds, rules)
    write_text(options.folder / "qasim2019.json", json.dumps(found, indent=2) + "\n")
    Console(width=170).print(table(found))


if __name__ == "__main__":
    main()
