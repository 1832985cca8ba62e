"""The trainings of a study: one run directory for each variant and seed, made once.

A study that is started again goes on where it ended.
"""

import argparse
import json
import secrets
import subprocess
import sysconfig
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import yaml
from rich.console import Console, RenderableType

from physml.runs.files import write_text
from physml.runs.provenance import provenance


def study(
    name: str,
    about: str,
    variants: Mapping[str, list[str]],
    collect: Callable[[Path, list[str], list[int]], dict],
    table: Callable[[dict], RenderableType],
    seeds: Sequence[int] = (1, 2, 3),
) -> None:
    """Run a study from the command line: train what is missing, write what all runs have measured, and print it.

    Args:
        name: The study's, which names its folder and its file.
        about: What it is, for ``--help``.
        variants: The words of the command line for each variant; the seed and further words follow.
        collect: Returns what is written, given the folder, the variants and the seeds.
        table: Returns what is printed of that.
        seeds: Those of the paper's table.
    """
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variants", nargs="+", choices=list(variants), default=list(variants))
    parser.add_argument("--seeds", nargs="+", type=int, default=list(seeds))
    parser.add_argument("--folder", type=Path, default=Path("runs") / "studies" / name)
    options, words = parser.parse_known_args()
    # Seed by seed, so that an early look compares all variants.
    wanted = [(variant, seed) for seed in options.seeds for variant in options.variants]
    train_missing(options.folder, {(v, seed): [*variants[v], f"seed={seed}", *words] for v, seed in wanted})
    found = collect(options.folder, options.variants, options.seeds)
    write_text(options.folder / f"{name}.json", json.dumps(found, indent=2) + "\n")
    Console(width=200).print(table(found))


def finished(folder: Path, variant: str, seed: int) -> Path | None:
    """Return the run of a variant with a seed that has its results, None if there is none yet."""
    return next((file.parent for file in sorted(folder.glob(f"{variant}/seed_{seed}_*/results.json"))), None)


def train_missing(folder: Path, overrides: dict[tuple[str, int], list[str]]) -> None:
    """Train what is not finished, in the order given, after refusing a folder with finished runs of other words.

    Args:
        folder: The run directories are ``VARIANT/seed_SEED_…`` in it.
        overrides: The words of the command line for each variant and seed.
    """
    for (variant, seed), words in overrides.items():
        if run := finished(folder, variant, seed):
            refuse_other_words(run, words)
    for (variant, seed), words in overrides.items():
        if not finished(folder, variant, seed):
            train(folder, variant, seed, words)


def refuse_other_words(run: Path, expected: list[str]) -> None:
    """Refuse a finished run of other words: one table is not to mix settings."""
    if sorted(got := _words(run)) != sorted(expected):
        raise SystemExit(f"{run}: expected a run of {expected}, got one of {got}: choose another --folder")


def train(folder: Path, variant: str, seed: int, words: list[str]) -> None:
    """Train by the command line: go on with a run of these words that was broken off, or begin one of its own.

    Raises:
        SystemExit: The training failed or was stopped.
    """
    files = sorted(folder.glob(f"{variant}/seed_{seed}_*/overrides.yaml"))
    broken_off = [file.parent for file in files if sorted(_words(file.parent)) == sorted(words)]
    if broken_off:
        arguments = [f"run={broken_off[-1]}"]
    else:
        arguments = [f"hydra.run.dir={folder / variant / f'seed_{seed}_{secrets.token_hex(3)}'}", *words]
    done = subprocess.run([Path(sysconfig.get_path("scripts")) / "physml", "train", *arguments])
    if done.returncode:
        raise SystemExit(
            f"{variant}, seed {seed}: its training ended with status {done.returncode}, and so does the study: "
            "the same command goes on from what is finished"
        )


def _words(run: Path) -> list[str]:
    return yaml.safe_load((run / "overrides.yaml").read_text(encoding="utf-8"))


def results(run: Path) -> dict:
    """Return what a run has measured."""
    return json.loads((run / "results.json").read_text(encoding="utf-8"))


def gather(
    folder: Path,
    variants: Mapping[str, list[str]],
    seeds: Sequence[int],
    describe: Callable[[str, dict[int, dict]], dict],
) -> dict:
    """Return what the finished runs of a study have measured, with where they come from.

    Args:
        folder: Of the study.
        variants: Words of the variants that are asked for.
        seeds: Likewise.
        describe: Returns a variant's entry, given its name and its results by seed.

    Returns:
        ``provenance``, and ``variants`` with those that have a finished run: what `describe` returns, the words, the
        training times by seed and the commits.
    """
    found: dict = {"provenance": provenance(seeds[0]), "variants": {}}
    for variant, words in variants.items():
        runs = {seed: run for seed in seeds if (run := finished(folder, variant, seed))}
        if measured := {seed: results(run) for seed, run in runs.items()}:
            found["variants"][variant] = {
                "words": words,
                **describe(variant, measured),
                "train_seconds": {seed: got["train_seconds"] for seed, got in measured.items()},
                "git_commits": commits(list(runs.values())),
            }
    return found


def commits(runs: list[Path]) -> list[str]:
    """Return the git commits that some runs are of: those that began them and those that went on with them."""
    begun = [json.loads((run / "provenance.json").read_text(encoding="utf-8")) for run in runs]
    parts = [part for run in begun for part in (run, *run.get("resumed", ()))]
    return sorted({str(part["git_commit"]) for part in parts})
