"""GPUs for the trials of a sweep that run beside each other on one machine."""

import fcntl
import os
import random
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TextIO

PAUSE = 1.0  # seconds between two looks for a free GPU


@contextmanager
def own_gpus(trainer: Mapping[str, Any]) -> Iterator[None]:
    """Let this process see only GPUs that no other trial on this machine holds, as many as its trainer asks for.

    It must not have used a GPU before: CUDA reads ``CUDA_VISIBLE_DEVICES`` once.

    Args:
        trainer: The config of the trainer, with its ``accelerator`` and ``devices``.
    """
    gpus = visible_gpus()
    if not gpus or trainer.get("accelerator", "auto") not in ("auto", "cuda", "gpu"):
        yield
        return
    devices = trainer.get("devices", "auto")
    count = min(devices, len(gpus)) if isinstance(devices, int) and devices > 0 else len(gpus)
    with leased(count, gpus, Path(tempfile.gettempdir()) / f"physml_gpus_{os.getuid()}") as mine:
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(mine)
        yield


def visible_gpus() -> list[str]:
    """Return the names of the GPUs that this process may use."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        names = [name.strip() for name in named.split(",") if name.strip()]
        return names[: names.index("-1")] if "-1" in names else names  # CUDA stops at it, too
    import torch  # takes seconds, and is needed by whoever has come here

    return [str(number) for number in range(torch.cuda.device_count())]


@contextmanager
def leased(count: int, gpus: Sequence[str], folder: Path) -> Iterator[list[str]]:
    """Hold some of the GPUs that nobody else holds; wait until there are as many.

    Each has a file in `folder`, which is locked. The system unlocks the files of a process that dies. Processes of
    other users, and those to whom the same GPU has another name, know nothing of it.

    Args:
        count: How many, at most as many as there are.
        gpus: Their names.
        folder: A folder that all who share them see.

    Raises:
        PermissionError: The folder is another user's.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} is another user's, expected your own: remove it, or set TMPDIR")
    while True:
        with ExitStack() as files:
            held = []
            for name in gpus:
                if len(held) < count and _locked(files.enter_context(_opened(folder / name.replace("/", "_")))):
                    held.append(name)
            if len(held) == count:
                yield held
                return
        # With none held, and not in step, so that two who wait for several do not wait for each other.
        time.sleep(random.uniform(PAUSE / 2, PAUSE))


def _opened(file: Path) -> TextIO:
    """Open a file to be locked; never one elsewhere that a link leads to."""
    return os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "r+")


def _locked(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
