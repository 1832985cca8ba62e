"""What it means when the machine fails: a disk, the memory, another process."""

import errno
import logging
import re
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FULL = (errno.ENOSPC, errno.EDQUOT)
_NO_MEMORY = r"out of memory|DefaultCPUAllocator|[Cc]annot allocate memory|Unable to allocate|_ALLOC_FAILED"
_ASKED_FOR = r"(?:ried to allocate|Unable to allocate) ([\d.]+ \w+)"
_LOST = r"gloo.*(?:by peer|[Tt]imed out)|ncclRemoteError"
_OBSERVER = "lightning.fabric.strategies.launchers.subprocess_script"  # looks after the other processes of a DDP run
_GRACE = 5.0  # s in which the first process, which may have noticed it too, closes its logs and ends by itself


def explained(error: BaseException) -> str | None:
    """Return what happened and what to do if the machine failed, in one line; None of any other error.

    Example:
        >>> explained(RuntimeError("CUDA error: out of memory"))
        'out of memory: take less data at once'
        >>> explained(ValueError("x is missing"))
    """
    text = " ".join(str(error).split())
    if isinstance(error, OSError) and error.errno in _FULL:
        return _full(error)
    if out_of_memory(error):
        return text if text.startswith("out of memory") else f"{_wanted(text)}: take less data at once"
    if worker := re.search(r"DataLoader worker \(pid(?:\(s\))? ([\d, ]+)\)", text):
        return f"a process that loads data ({worker[1]}) was killed: if the memory was full, use fewer of them"
    if re.search(_LOST, text):
        return "another process of this training has ended or is out of reach: see what it said, or what killed it"
    return None


def out_of_memory(error: BaseException) -> bool:
    """Whether an error tells of too little memory, of the machine or of an accelerator."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    return isinstance(error, RuntimeError) and re.search(_NO_MEMORY, str(error)) is not None


@contextmanager
def batches_of(size: int | None, option: str = "++data.batch_size") -> Iterator[None]:
    """Let an error within tell the size of the batches and one to try, if it is for want of memory.

    Args:
        size: Events in a batch; None if that is not known.
        option: The word of the command line that sets it.

    Raises:
        MemoryError: There was too little memory.
    """
    try:
        yield
    except (RuntimeError, MemoryError, OSError) as error:
        if not out_of_memory(error) or not size:
            raise
        wanted = _wanted(" ".join(str(error).split()))
        advice = f"try {option}={size // 2}" if size > 1 else "take a smaller network, or a machine with more"
        raise MemoryError(f"{wanted} with batches of {size}: {advice}") from error


def tell_lost_processes(directory: Path) -> None:
    """Let Lightning, which kills a DDP run as soon as one of its processes on this machine has died, say it before."""
    log = logging.getLogger(_OBSERVER)
    log.setLevel(logging.INFO)
    log.handlers, log.propagate = [_LostProcess(directory)], False


def going_on(directory: Path) -> str:
    """Return how the training in a run directory goes on."""
    if not directory.is_dir():
        return "the run directory is gone, and its checkpoints with it: was it moved or removed?"
    if any((directory / "checkpoints" / name).is_file() for name in ("last.ckpt", "before_last.ckpt")):
        return f"physml train run={directory} goes on from the last checkpoint, with changed keys by --force"
    return "no checkpoint was written yet"


def _full(error: OSError) -> str:
    if not error.filename:
        return "a disk is full: make room on it"
    place = Path(error.filename)
    while not place.is_dir():
        place = place.parent
    free = shutil.disk_usage(place).free / 2**20
    return f"{error.filename}: {error.strerror}, {free:.1f} MiB are free: make room in {place}"


def _wanted(text: str) -> str:
    """Say how much memory was asked for at last, where the error tells."""
    found = re.search(_ASKED_FOR, text)
    if not found:
        return "out of memory"
    amount = found[1]
    if amount.endswith("bytes"):
        amount = f"{int(amount.split()[0]) / 2**30:.2g} GiB"
    return f"out of memory ({amount} more were wanted)"


class _LostProcess(logging.Handler):
    """Say in our words what Lightning says about a process that has died."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self.directory = directory

    def handle(self, record: logging.LogRecord) -> bool:  # not emit: it would hold a lock that Python's exit waits for
        time.sleep(_GRACE)  # Lightning kills the first process as soon as this returns
        found = re.search(r"rank: (\d+).*PID (\d+) terminated with code (-?\d+)", record.getMessage())
        rank, number, code = found.groups() if found else ("?", "?", "?")
        said = f"process {rank} of this training ({number}) ended with code {code}, and so must the others"
        print(f"physml: {said}: {going_on(self.directory)}", file=sys.stderr, flush=True)
        return True
