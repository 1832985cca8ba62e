"""The trainings of a study: one run directory for each variant and seed, made once."""

import json
import secrets
import subprocess
import sysconfig
from pathlib import Path

import yaml


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
    got = yaml.safe_load((run / "overrides.yaml").read_text(encoding="utf-8"))
    if got != expected:
        raise SystemExit(f"{run}: expected a run of {expected}, got one of {got}: choose another --folder")


def train(folder: Path, variant: str, seed: int, words: list[str]) -> None:
    """Train by the command line, in a directory of its own: one that was broken off stays as it is."""
    directory = folder / variant / f"seed_{seed}_{secrets.token_hex(3)}"
    command = [Path(sysconfig.get_path("scripts")) / "physml", "train", f"hydra.run.dir={directory}", *words]
    subprocess.run(command, check=True)


def results(run: Path) -> dict:
    """Return what a run has measured."""
    return json.loads((run / "results.json").read_text(encoding="utf-8"))


def commits(runs: list[Path]) -> list[str]:
    """Return the git commits that some runs are of."""
    provenances = [json.loads((run / "provenance.json").read_text(encoding="utf-8")) for run in runs]
    return sorted({str(provenance["git_commit"]) for provenance in provenances})
