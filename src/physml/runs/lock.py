"""One process at a time trains in a run directory."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

UNKNOWN = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)  # what a disk without locks answers


@contextmanager
def held(directory: Path) -> Iterator[None]:
    """Keep other processes from training in a run directory; the system lets go of it when this one dies.

    On a disk without locks nothing is kept.

    Raises:
        FileExistsError: Another process trains in it.
    """
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / ".lock"
    while True:
        with open(path, "w") as file:
            _lock(file, directory)
            if not _is_at(file, path):  # who held it until now has removed it
                continue
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
            return


def _lock(file: TextIO, directory: Path) -> None:
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise FileExistsError(
            f"{directory}: another process trains in it: wait for its end, or choose another hydra.run.dir"
        ) from None
    except OSError as error:
        if error.errno not in UNKNOWN:
            raise


def _is_at(file: TextIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
