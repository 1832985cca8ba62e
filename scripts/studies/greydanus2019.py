"""Learnt energies against plain perceptrons (Greydanus 2019, arXiv 1906.01563, and after), over several seeds.

Trains each system's experiment with its own network and with a perceptron, and for bodies also with a Hamiltonian of
their distances, skipping what is done. Then it writes one JSON file with the figures of merit, prints them beside the
published ones as a table, and draws the energy of all methods over a hundred periods, or where there are none, over the
test's time. Words before the options go to every run; one folder holds runs of the same words alone. Run:
``python scripts/studies/greydanus2019.py --seeds 1 2 3``, also with ``--systems three_body`` alone.
"""

import argparse
import json
import statistics
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from trainings import commits, finished, results, train_missing

import physml
from physml.report.motion import plot_motion, plot_rollout
from physml.runs.build import build
from physml.runs.files import write_text
from physml.runs.provenance import provenance

LAYERS = ["+task.network.hidden=[200,200]", "+task.network.activation._target_=torch.nn.Tanh"]
METHODS = {
    "baseline": ["network=mlp", *LAYERS],  # of the paper
    "perceptron": ["network=mlp"],
    "hamiltonian": [],
    "of pairs": ["network=hamiltonian_of_pairs", "task.optimizer.lr=1e-3"],
    "lagrangian": [],
    "neural ode": [],
}
SYSTEMS = {  # and their methods
    "spring": ("baseline", "hamiltonian"),
    "two_body": ("baseline", "hamiltonian", "of pairs"),
    "pendulum": ("baseline", "hamiltonian"),
    "three_body": ("baseline", "hamiltonian", "of pairs"),
    "double_pendulum": ("perceptron", "lagrangian"),
    "lotka_volterra": ("perceptron", "neural ode"),
}
EXPERIMENTS = {"double_pendulum": "cranmer2020_double_pendulum", "lotka_volterra": "chen2018_lotka_volterra"}
PATHS = {"three_body": [(0, 1), (2, 3), (4, 5)], "double_pendulum": [(0, 1)]}  # of what does not recur
FORECASTS = ("lotka_volterra",)  # have no equations of motion in common with their rival
MERITS = ("energy_error", "state_error", "derivative_error")
PUBLISHED = {  # energy errors, of Greydanus 2019
    "spring": {"baseline": 1.71e-1, "hamiltonian": 3.84e-4},
    "pendulum": {"baseline": 4.15e-2, "hamiltonian": 2.49e-2},
    "two_body": {"baseline": 6.3e-2, "hamiltonian": 3.9e-5},
    "three_body": {"baseline": 109.0, "hamiltonian": 4.2e-2},
}


def overrides(system: str, method: str, seed: int, words: list[str]) -> list[str]:
    """Return the words of the command line that make up a run; the seed is also that of the data."""
    experiment = EXPERIMENTS.get(system, f"greydanus2019_{system}")
    # Equations of motion are drawn with all methods together.
    plots = [] if system in FORECASTS else ["callbacks.figures.plots=null"]
    return [f"experiment=paper/{experiment}", f"seed={seed}", *plots, *METHODS[method], *words]


def variant(system: str, method: str) -> str:
    """Return the name of the folder that holds the runs of a method on a system."""
    return f"{system}_{method.replace(' ', '_')}"


def collect(folder: Path, seeds: list[int], systems: Sequence[str] = tuple(SYSTEMS)) -> dict:
    """Return the figures of merit of each system, method and seed."""
    found: dict = {"provenance": provenance(seeds[0]), "systems": {}}
    for system in systems:
        found["systems"][system] = {}
        for method in SYSTEMS[system]:
            runs = {seed: finished(folder, variant(system, method), seed) for seed in seeds}
            measured = {seed: results(run) for seed, run in runs.items()}
            found["systems"][system][method] = {
                "words": METHODS[method],
                "published": {"energy_error": PUBLISHED.get(system, {}).get(method)},
                "merits": {
                    name: {seed: entry["metrics"][name]["value"] for seed, entry in measured.items()}
                    for name in MERITS
                    if name in measured[seeds[0]]["metrics"]
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
            published = entry["published"]["energy_error"]
            measured = [list(entry["merits"].get(merit, {}).values()) for merit in MERITS]
            shown.add_row(
                system, method, "" if published is None else f"{published:.1e}",
                *(f"{statistics.fmean(each):.1e} ± {_spread(each):.0e}" if each else "" for each in measured),
            )  # fmt: skip
    return shown


def _spread(values: list[float]) -> float:
    return statistics.stdev(values) if len(values) > 1 else float("nan")


def draw(folder: Path, seed: int, systems: Sequence[str] = tuple(SYSTEMS), periods: int = 100) -> None:
    """Draw the methods together for each system of equations of motion, beside the JSON file."""
    for system in systems:
        tasks = {method: physml.load(finished(folder, variant(system, method), seed)) for method in SYSTEMS[system]}
        own = next(method for method in tasks if not METHODS[method])
        task = tasks.pop(own)
        config, rivals = task.hparams, {method: rival.network for method, rival in tasks.items()}
        future = build(config["data"]).split("test").events["future"]
        law = build(config["task"]["test_metrics"]["energy_error"]["values"]["law"])
        if system in PATHS:
            dt, substeps = (config["task"]["test_arrays"]["motion"][name] for name in ("dt", "substeps"))
            figure = plot_rollout(task.network, future, law, dt, PATHS[system], rivals, substeps=substeps)
        else:
            figure = plot_motion(task.network, future, law, rivals, periods)
        figure.savefig(folder / f"greydanus2019_{system}.png", dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--folder", type=Path, default=Path("runs") / "studies" / "greydanus2019")
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS))
    options, words = parser.parse_known_args()
    wanted = [
        (system, method, seed) for seed in options.seeds for system in options.systems for method in SYSTEMS[system]
    ]
    train_missing(
        options.folder,
        {(variant(system, method), seed): overrides(system, method, seed, words) for system, method, seed in wanted},
    )
    found = collect(options.folder, options.seeds, options.systems)
    write_text(options.folder / "greydanus2019.json", json.dumps(found, indent=2) + "\n")
    Console(width=120).print(table(found))
    draw(options.folder, options.seeds[0], [system for system in options.systems if system not in FORECASTS])


if __name__ == "__main__":
    main()
