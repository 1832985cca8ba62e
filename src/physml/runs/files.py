"""Files that are written whole or not at all."""

import errno
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np


def write_whole(path: str | Path, write: Callable[[BinaryIO], object], size: int | None = None) -> None:
    """Let `write` fill a temporary file beside `path`, then move it into place.

    Args:
        path: The file.
        write: Writes it.
        size: How many bytes it will have, where that is known: a full disk's message says it.

    Raises:
        OSError: The disk is full, gone or out of reach.
    """
    path = Path(path)
    with naming(path, size):
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w+b") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o666 & ~_umask())
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)  # its folder may be gone
            raise


@contextmanager
def naming(path: Path, size: int | None = None) -> Iterator[None]:
    """Let an error of the disk within name a file, and the `size` of what did not fit: a failed write names none."""
    try:
        yield
    except OSError as error:
        if error.errno is None:  # raised by a library in its own words
            raise
        wanted = f" for {size / 2**20:.1f} MiB" if size and error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
        raise OSError(error.errno, f"{error.strerror}{wanted}", str(path)) from error


def write_text(path: str | Path, text: str) -> None:
    """Write `text` to `path`, whole or not at all."""
    write_whole(path, lambda file: file.write(text.encode()))


def write_arrays(path: str | Path, arrays: Mapping[str, Any]) -> None:
    """Write arrays by name to an ``.npz`` file, whole or not at all."""
    write_whole(path, lambda file: np.savez(file, **arrays))


def refuse_existing(path: Path) -> Path:
    """Return `path` if nothing is there and its folder is.

    Raises:
        FileExistsError: Something is there.
        FileNotFoundError: Its folder is not.
    """
    if path.exists():
        raise FileExistsError(f"{path}: is there already: choose another output, or remove it first")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: its folder {path.parent} does not exist: make it first")
    return path


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
