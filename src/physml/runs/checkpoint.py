"""The checkpoint of a finished run, and the config beside it; found without importing torch."""

from pathlib import Path
from typing import Any

import yaml


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
