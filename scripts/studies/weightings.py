"""All weighting strategies on the same three problems, over several seeds.

- ``burgers``: a field learns Burgers' equation (ν = 0.1/π), its start and walls as constraints; no data
- ``nbody``: an MLP learns where five charges will be, the momentum as constraint
- ``pendulum``: an MLP forecasts double pendulums from noisy observations, the energy as constraint

All nominal weights are 1, and every strategy has the settings of its config, which nobody tuned for these problems. The
runs are short, a few hundred steps of Adam, and all in this process, as starting one takes longer than such a training;
what is done is skipped. Then it writes one JSON file and prints a table: the figure of merit and the sum of the Ω_k on
the test data (less is better, of both), and the processor time of a run of each problem.
Run: ``python scripts/studies/weightings.py --seeds 1 2 3``.
"""

import argparse
import json
import secrets
import statistics
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table
from trainings import commits, finished, refuse_other_words, results

from physml.cli.compose import compose_config
from physml.runs.configs import config_directory
from physml.runs.files import write_text
from physml.runs.provenance import provenance
from physml.runs.train import train

STRATEGIES = sorted(path.stem for path in (config_directory() / "weighting").glob("*.yaml"))
VISCOSITY = 0.03183098861837907
QUIET = ["logger=none", "trainer=cpu", "+trainer.enable_progress_bar=false", "callbacks.progress=null"]
QUIET += ["callbacks.figures=null", "callbacks.learning_rate=null"]
PROBLEMS = {
    "burgers": {
        "merit": "relative_error",
        "words": [
            "experiment=burgers_soft",
            "+task.network.hidden=[20,20]",
            f"task.loss.equation.viscosity={VISCOSITY}",
            f"+data.test_source.solution.viscosity={VISCOSITY}",
            "+data.test_source.solution.points=33",
            "data.test=3300",
            "data.train=10000",
            "data.validation=250",
            "data.batch_size=250",
            "trainer.max_epochs=12",
            "+trainer.check_val_every_n_epoch=12",
        ],
    },
    "nbody": {
        "merit": "position_error",
        "words": [
            "experiment=nbody_e3nn",
            "network=mlp",
            "task.constraints.momentum_conservation.weight=1",
            "task.optimizer.lr=3.0e-3",
            "data.train=1000",
            "data.validation=100",
            "data.test=500",
            "trainer.max_epochs=40",
            "+trainer.check_val_every_n_epoch=40",
        ],
    },
    "pendulum": {
        "merit": "angle_error",
        "words": [
            "experiment=pendulum_rnn",
            "network=mlp",
            "task.constraints.energy.weight=1",
            "task.optimizer.lr=3.0e-3",
            "data.train=400",
            "data.validation=100",
            "data.test=200",
            "data.batch_size=50",
            "trainer.max_epochs=40",
            "+trainer.check_val_every_n_epoch=40",
        ],
    },
}


def overrides(problem: str, strategy: str, seed: int) -> list[str]:
    """Return the words of the command line that make up a run; the seed is that of the weights and of the batches."""
    return [*PROBLEMS[problem]["words"], f"weighting={strategy}", f"seed={seed}", *QUIET]


def train_missing(folder: Path, wanted: list[tuple[str, str, int]]) -> None:
    """Train what is not finished, after refusing a folder with finished runs of other words."""
    for problem, strategy, seed in wanted:
        if run := finished(folder, f"{problem}/{strategy}", seed):
            refuse_other_words(run, overrides(problem, strategy, seed))
    for problem, strategy, seed in wanted:
        if not finished(folder, f"{problem}/{strategy}", seed):
            directory = folder / problem / strategy / f"seed_{seed}_{secrets.token_hex(3)}"
            words = overrides(problem, strategy, seed)
            started = time.process_time()
            train(compose_config("train", [*words, f"run_dir={directory}"]), words)
            (directory / "cpu_seconds.json").write_text(json.dumps(round(time.process_time() - started, 2)))


def measure(run: Path, merit: str) -> dict[str, float]:
    """Return what the table shows of a run."""
    logged = results(run)["logged"]
    omega = sum(value for name, value in logged.items() if name.startswith("test/omega/"))
    seconds = json.loads((run / "cpu_seconds.json").read_text())
    return {"merit": logged[f"test/{merit}"], "omega": omega, "cpu_seconds": seconds}


def collect(folder: Path, seeds: list[int]) -> dict:
    """Return the figures of each problem, strategy and seed."""
    found: dict = {"provenance": provenance(seeds[0]), "problems": {}}
    for problem, entry in PROBLEMS.items():
        runs = {s: {seed: finished(folder, f"{problem}/{s}", seed) for seed in seeds} for s in STRATEGIES}
        found["problems"][problem] = {
            **entry,
            "git_commits": commits([run for each in runs.values() for run in each.values()]),
            "strategies": {
                strategy: {seed: measure(run, entry["merit"]) for seed, run in each.items()}
                for strategy, each in runs.items()
            },
        }
    return found


def table(found: dict) -> Table:
    """Return the table "strategy × problem": mean and standard deviation over the seeds."""
    shown = Table(title="mean ± standard deviation over the seeds, on the test data")
    shown.add_column("weighting")
    for problem, entry in found["problems"].items():
        shown.add_column(f"{problem}: {entry['merit'].replace('_', ' ')}", justify="right")
        shown.add_column("Σ Ω", justify="right")
    shown.add_column("CPU", justify="right")
    for strategy in STRATEGIES:
        cells, seconds = [], 0.0
        for entry in found["problems"].values():
            runs = list(entry["strategies"][strategy].values())
            cells += [_spread([run[name] for run in runs]) for name in ("merit", "omega")]
            seconds += statistics.fmean(run["cpu_seconds"] for run in runs)
        shown.add_row(strategy, *cells, f"{seconds:.0f} s")
    return shown


def _spread(values: list[float]) -> str:
    spread = statistics.stdev(values) if len(values) > 1 else float("nan")
    return f"{statistics.fmean(values):.3g} ± {spread:.1g}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--folder", type=Path, default=Path("runs") / "studies" / "weightings")
    options = parser.parse_args()
    wanted = [(problem, strategy, seed) for seed in options.seeds for problem in PROBLEMS for strategy in STRATEGIES]
    train_missing(options.folder, wanted)
    found = collect(options.folder, options.seeds)
    write_text(options.folder / "weightings.json", json.dumps(found, indent=2) + "\n")
    Console(width=160).print(table(found))


if __name__ == "__main__":
    main()
