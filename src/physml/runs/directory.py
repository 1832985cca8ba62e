"""A run directory: the files that begin and end a run."""

import json
import math
from pathlib import Path
from typing import Any

import yaml

from physml.runs.files import write_text
from physml.runs.provenance import provenance


def start_run(directory: Path, config: dict[str, Any], overrides: list[str]) -> None:
    """Write what identifies a run into its directory: config, overrides and provenance.

    Raises:
        FileExistsError: The directory belongs to an earlier run.
    """
    directory.mkdir(parents=True, exist_ok=True)
    if (directory / "config.yaml").exists():
        raise FileExistsError(f"{directory}: holds an earlier run: choose another hydra.run.dir")
    origin = provenance(config["seed"], ["physml", "train", *overrides])
    write_text(directory / "provenance.json", json.dumps(origin, indent=2) + "\n")
    write_text(directory / "overrides.yaml", yaml.safe_dump(overrides, allow_unicode=True))
    # Last: where it is, there is a run to go on with.
    write_text(directory / "config.yaml", yaml.safe_dump(config, sort_keys=False, allow_unicode=True))


def note_resumption(directory: Path, config: dict[str, Any], words: list[str]) -> None:
    """Add to a run's provenance that it goes on, and keep both configs if it goes on with another one.

    Results of a run that was finished are kept by another name: it no longer is.
    """
    file = directory / "provenance.json"
    origin = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    origin.setdefault("resumed", []).append(provenance(config["seed"], ["physml", "train", *words]))
    text = yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
    before = (directory / "config.yaml").read_text(encoding="utf-8")
    if {**yaml.safe_load(before), "resume": None} != {**config, "resume": None}:
        write_text(directory / f"config_before_{len(origin['resumed'])}.yaml", before)
        write_text(directory / "config.yaml", text)
    if (directory / "results.json").exists():
        (directory / "results.json").rename(directory / f"results_before_{len(origin['resumed'])}.json")
    write_text(file, json.dumps(origin, indent=2) + "\n")


def refuse_links_outside(directory: Path) -> None:
    """Check that nothing in a run directory, which may be a stranger's, lets its files be written elsewhere.

    Raises:
        PermissionError: Something is a link to a place outside.
    """
    home = directory.resolve()
    for path in directory.rglob("*"):
        of_wandb = path.name == "debug-core.log" and path.relative_to(directory).parts[0] == "wandb"  # it only reads it
        if path.is_symlink() and not of_wandb and not path.resolve().is_relative_to(home):
            raise PermissionError(f"{path}: is a link to {path.resolve()}, outside the run directory: remove it first")


def write_results(directory: Path, results: dict[str, Any]) -> None:
    """Write the results of a finished run to its ``results.json``."""
    write_text(directory / "results.json", json.dumps(without_nan(results), indent=2, allow_nan=False) + "\n")


def without_nan(value: Any) -> Any:
    """Replace NaN and infinity, which JSON does not know, by null, in dicts and lists too."""
    if isinstance(value, dict):
        return {name: without_nan(child) for name, child in value.items()}
    if isinstance(value, list):
        return [without_nan(child) for child in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
