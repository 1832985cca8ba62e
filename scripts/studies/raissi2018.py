"""Laws behind scattered values of a field (Raissi 2018, arXiv 1801.06637), over several seeds, published against ours.

Trains the experiments ``paper/raissi2018_*``, skipping what is done. Then it writes one JSON file with the figures of
merit and the published ones, and prints them as a table. A seed draws other points and other first weights. Words
before the options go to every run; one folder holds runs of the same words alone.
Run: ``python scripts/studies/raissi2018.py --seeds 1 2 3``; a run takes one or two minutes of a core of its own.
"""

import argparse
import json
import statistics
from pathlib import Path

from rich.console import Console
from rich.table import Table
from trainings import commits, finished, results, train_missing

from physml.runs.files import write_text
from physml.runs.provenance import provenance

VARIANTS = {
    "burgers": ["experiment=paper/raissi2018_burgers"],
    "kdv": ["experiment=paper/raissi2018_kdv"],
}
# Relative errors of the learnt equation's solution: all times, those that were trained on, another start.
PUBLISHED = {
    "burgers": {"evolution_error": 4.78e-3, "evolution_error_trained": 3.89e-3, "evolution_error_other": 7.33e-2},
    "kdv": {"evolution_error": 6.28e-2, "evolution_error_trained": 3.78e-2, "evolution_error_other": 3.44e-2},
}
MERITS = (
    "field_error",
    "evolution_error",
    "evolution_error_trained",
    "evolution_error_other",
    "formula_error",
    "formula_error_other",
    "wrong_terms",
    "worst_coefficient_error",
)


def collect(folder: Path, variants: list[str], seeds: list[int]) -> dict:
    """Return the figures of merit of each variant and seed, beside the published ones."""
    found: dict = {"provenance": provenance(seeds[0]), "variants": {}}
    for variant in variants:
        runs = {seed: finished(folder, variant, seed) for seed in seeds}
        measured = {seed: results(run) for seed, run in runs.items()}
        found["variants"][variant] = {
            "words": VARIANTS[variant],
            "published": PUBLISHED.get(variant, {}),
            "merits": {name: {s: got["metrics"][name]["value"] for s, got in measured.items()} for name in MERITS},
            "train_seconds": {seed: got["train_seconds"] for seed, got in measured.items()},
            "git_commits": commits(list(runs.values())),
        }
    return found


def table(found: dict) -> Table:
    """Return the table "figure of merit × variant": published, then the mean over the seeds and the worst of them."""
    shown = Table(title="published → mean over the seeds (worst of them)")
    for name in ("variant", *(merit.replace("_", " ") for merit in MERITS)):
        shown.add_column(name, justify="left" if name == "variant" else "right")
    for variant, entry in found["variants"].items():
        shown.add_row(variant, *(_cell(entry, merit) for merit in MERITS))
    return shown


def _cell(entry: dict, merit: str) -> str:
    values = list(entry["merits"][merit].values())
    published = f"{entry['published'][merit]:.2e} → " if merit in entry["published"] else ""
    if None in values:  # the law's solution did not stay finite
        return f"{published}none for {values.count(None)} of {len(values)}"
    return f"{published}{statistics.fmean(values):.2g} ({max(values):.2g})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variants", nargs="+", choices=list(VARIANTS), default=list(VARIANTS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--folder", type=Path, default=Path("runs") / "studies" / "raissi2018")
    options, words = parser.parse_known_args()
    wanted = [(variant, seed) for seed in options.seeds for variant in options.variants]
    train_missing(options.folder, {(v, seed): [*VARIANTS[v], f"seed={seed}", *words] for v, seed in wanted})
    found = collect(options.folder, options.variants, options.seeds)
    write_text(options.folder / "raissi2018.json", json.dumps(found, indent=2) + "\n")
    Console(width=160).print(table(found))


if __name__ == "__main__":
    main()
