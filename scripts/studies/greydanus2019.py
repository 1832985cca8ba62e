"""Hamiltonian networks against plain ones (Greydanus 2019, arXiv 1906.01563), over several seeds.

Trains ``paper/greydanus2019_SYSTEM`` with its Hamiltonian network and with a perceptron of the same layers, skipping
what is done. Then it writes one JSON file with the figures of merit, prints them beside the published ones as a table,
and draws the energy of both over a hundred periods. Words before the options go to every run; one folder holds runs of
the same words alone. Run: ``python scripts/studies/greydanus2019.py --seeds 1 2 3``.
"""

import argparse
import json
import statistics
from pathlib import Path

from rich.console import Console
from rich.table import Table
from trainings import commits, finished, results, train_missing

import physml
from physml.report.motion import plot_motion
from physml.runs.build import build
from physml.runs.files import write_text
from physml.runs.provenance import provenance

SYSTEMS = ("spring", "two_body", "pendulum")
METHODS = {
    "baseline": ["network=mlp", "+task.network.hidden=[200,200]", "+task.network.activation._target_=torch.nn.Tanh"],
    "hamiltonian": [],
}
WITHOUT_FIGURE = ["callbacks.figures.plots.motion=null"]  # both methods are drawn together
MERITS = ("energy_error", "state_error", "derivative_error")
PUBLISHED = {  # energy errors
    "spring": {"baseline": 1.71e-1, "hamiltonian": 3.84e-4},
    "pendulum": {"baseline": 4.15e-2, "hamiltonian": 2.49e-2},
    "two_body": {"baseline": 6.3e-2, "hamiltonian": 3.9e-5},
}


def overrides(system: str, method: str, seed: int, words: list[str]) -> list[str]:
    """Return the words of the command line that make up a run; the seed is also that of the data."""
    return [f"experiment=paper/greydanus2019_{system}", f"seed={seed}", *WITHOUT_FIGURE, *METHODS[method], *words]


def variant(system: str, method: str) -> str:
    """Return the name of the folder that holds the runs of a method on a system."""
    return f"{system}_{method}"


def collect(folder: Path, seeds: list[int]) -> dict:
    """Return the figures of merit of each system, method and seed."""
    found: dict = {"provenance": provenance(seeds[0]), "systems": {}}
    for system in SYSTEMS:
        found["systems"][system] = {}
        for method, words in METHODS.items():
            runs = {seed: finished(folder, variant(system, method), seed) for seed in seeds}
            measured = {seed: results(run) for seed, run in runs.items()}
            found["systems"][system][method] = {
                "words": words,
                "published": {"energy_error": PUBLISHED[system][method]},
                "merits": {
                    name: {seed: entry["metrics"][name]["value"] for seed, entry in measured.items()} for name in MERITS
                },
                "parameters": measured[seeds[0]]["parameters"],
                "train_seconds": {seed: entry["train_seconds"] for seed, entry in measured.items()},
                "git_commits": commits(list(runs.values())),
            }
    return found


def table(found: dict) -> Table:
    """Return the table "system and method × published and measured": mean over the seeds and their spread."""
    shown = Table(title="energy error as published, and figures of merit here: mean over the seeds ± their spread")
    for name in ("system", "method", "published", *(merit.replace("_", " ") for merit in MERITS)):
        shown.add_column(name, justify="left" if name in ("system", "method") else "right")
    for system, methods in found["systems"].items():
        for method, entry in methods.items():
            values = (list(entry["merits"][merit].values()) for merit in MERITS)
            shown.add_row(
                system, method, f"{entry['published']['energy_error']:.1e}",
                *(f"{statistics.fmean(each):.1e} ± {_spread(each):.0e}" for each in values),
            )  # fmt: skip
    return shown


def _spread(values: list[float]) -> float:
    return statistics.stdev(values) if len(values) > 1 else float("nan")


def draw(folder: Path, seed: int, periods: int = 100) -> None:
    """Draw both methods over many periods, for each system, beside the JSON file."""
    for system in SYSTEMS:
        tasks = {method: physml.load(finished(folder, variant(system, method), seed)) for method in METHODS}
        config = tasks["hamiltonian"].hparams
        future = build(config["data"]).split("test").events["future"]
        law = build(config["task"]["test_metrics"]["energy_error"]["values"]["law"])
        figure = plot_motion(
            tasks["hamiltonian"].network, future, law, {"baseline": tasks["baseline"].network}, periods
        )
        figure.savefig(folder / f"greydanus2019_{system}.png", dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--folder", type=Path, default=Path("runs") / "studies" / "greydanus2019")
    options, words = parser.parse_known_args()
    wanted = [(system, method, seed) for seed in options.seeds for system in SYSTEMS for method in METHODS]
    train_missing(
        options.folder,
        {(variant(system, method), seed): overrides(system, method, seed, words) for system, method, seed in wanted},
    )
    found = collect(options.folder, options.seeds)
    write_text(options.folder / "greydanus2019.json", json.dumps(found, indent=2) + "\n")
    draw(options.folder, options.seeds[0])
    Console(width=120).print(table(found))


if __name__ == "__main__":
    main()
