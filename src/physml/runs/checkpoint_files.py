"""How checkpoints lie on the disk: written whole, known by their hash, with the one before."""

import hashlib
import io
import json
import os
import shutil
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO

from physml.runs.files import write_text, write_whole

BEFORE = "before_last.ckpt"  # what last.ckpt was before it was written last
HASHES = "sha256.json"  # beside the checkpoints: of each the hashes of what it may hold


class CheckpointFiles(TorchCheckpointIO):
    """Write checkpoints such that a process killed at any time leaves one that can be read.

    A checkpoint is written to another name, synced to the disk and then renamed. Its SHA-256 is noted before, beside
    that of the file which it replaces, so that one of them fits whatever happens. ``last.ckpt`` lives on as
    ``before_last.ckpt`` when it is replaced.

    Args:
        home: The run directory; when it is gone it is not made again, as the run's other files went with it.
    """

    def __init__(self, home: Path | None = None) -> None:
        super().__init__()
        self.home = home

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: None = None) -> None:
        """Write a checkpoint, whole or not at all.

        Raises:
            OSError: The disk is full, or the run directory is gone; the checkpoints before are as they were.
        """
        path = Path(path)
        if self.home is not None:
            self.home.stat()
        path.parent.mkdir(parents=True, exist_ok=True)
        buffer = io.BytesIO()
        torch.save(checkpoint, buffer)
        found, before = hashlib.sha256(buffer.getbuffer()).hexdigest(), _hashes(path.parent)
        known, older = before.get(path.name, []), before.get(BEFORE, [])
        replaces = path.name == "last.ckpt" and path.exists()
        # Until the file has its name, either it or the one that it replaces may be there.
        _note(path.parent, before | {path.name: [found, *known]} | ({BEFORE: [*known, *older]} if replaces else {}))
        if replaces:
            _link(path, path.with_name(BEFORE))
        write_whole(path, lambda file: file.write(buffer.getbuffer()), size=buffer.getbuffer().nbytes)
        _note(path.parent, before | {path.name: [found]} | ({BEFORE: known} if replaces else {}))

    def load_checkpoint(self, path: str | Path, map_location: Any = None, weights_only: bool | None = None) -> dict:
        """Read a checkpoint without executing a pickle.

        Raises:
            ValueError: It is not what was written.
        """
        verify(Path(path))
        return super().load_checkpoint(path, map_location or (lambda storage, _: storage), weights_only=True)


def remove_half_written(folder: Path) -> None:
    """Remove what a process that was killed while it wrote a checkpoint has left."""
    for path in (*folder.glob(".*.ckpt.*"), *folder.glob(f".{HASHES}.*")):  # as `write_whole` names them
        path.unlink(missing_ok=True)


def verify(path: Path) -> None:
    """Compare a checkpoint with its hash; one that has none beside it is let pass.

    Raises:
        ValueError: It is not what was written.
    """
    known = _hashes(path.parent).get(path.name)
    if known and path.is_file():
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found not in known:
            raise ValueError(
                f"{path}: its SHA-256 is {found[:12]}…, expected {known[0][:12]}…, that of what was written: it is "
                "truncated or was changed; remove it, or take another one"
            )


def _hashes(folder: Path) -> dict[str, list[str]]:
    try:
        found = json.loads((folder / HASHES).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _note(folder: Path, hashes: dict[str, list[str]]) -> None:
    write_text(folder / HASHES, json.dumps(hashes, indent=2) + "\n")


def _link(path: Path, other: Path) -> None:
    """Give a file another name as well, in place of what had it."""
    temporary = other.with_name(f".{other.name}.link")
    temporary.unlink(missing_ok=True)
    try:
        os.link(path, temporary)
    except OSError:  # a file system without such links
        shutil.copyfile(path, temporary)
    os.replace(temporary, other)
