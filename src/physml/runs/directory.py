"""A run directory: its files, and where to find them again."""

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
    write_text(directory / "config.yaml", yaml.safe_dump(config, sort_keys=False, allow_unicode=True))
    write_text(directory / "overrides.yaml", yaml.safe_dump(overrides, allow_unicode=True))
    origin = provenance(config["seed"], ["physml", "train", *overrides])
    write_text(directory / "provenance.json", json.dumps(origin, indent=2) + "\n")


def write_results(directory: Path, results: dict[str, Any]) -> None:
    """Write the results of a finished run to its ``results.json``."""
    write_text(directory / "results.json", json.dumps(_finite(results), indent=2, allow_nan=False) + "\n")


def _finite(value: Any) -> Any:
    """Replace NaN and infinity, which JSON does not know, by null."""
    if isinstance(value, dict):
        return {name: _finite(child) for name, child in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def find_checkpoint(path: str | Path) -> Path:
    """Return the checkpoint that `path` means: itself, or the best (else the last) one of a run directory.

    Raises:
        FileNotFoundError: There is none.
    """
    path = Path(path)
    if path.is_file():
        return path
    if not path.is_dir():
        raise FileNotFoundError(f"{path}: no such run directory or checkpoint")
    for name in ("best.ckpt", "last.ckpt"):
        if (path / "checkpoints" / name).is_file():
            return path / "checkpoints" / name
    raise FileNotFoundError(
        f"{path}: no checkpoints/best.ckpt or last.ckpt in it: expected the directory of a trained run"
    )


def read_config(checkpoint: Path) -> dict[str, Any] | None:
    """Return the config of the run that a checkpoint lies in, as plain data; None if it lies in no run directory."""
    file = checkpoint.parent.parent / "config.yaml"
    if checkpoint.parent.name != "checkpoints" or not file.is_file():
        return None
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(f"{file}: not a plain YAML file: {' '.join(str(error).split())}") from error
