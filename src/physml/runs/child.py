"""A process that does not outlive the one that started it."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO

ENDING = (signal.SIGTERM, signal.SIGHUP)  # would end this process without a word to the other


@contextmanager
def child(
    command: list[str], environment: Mapping[str, str] | None = None
) -> Iterator[tuple[subprocess.Popen, Callable[[], str]]]:
    """Start a process in a group of its own, which is killed where the block is left with the process still running.

    Ctrl-C leaves the block, and so do SIGTERM and SIGHUP, with Python's exit; only SIGKILL leaves the process behind.

    Yields:
        The process, and what returns, once it has ended, all that it has said on the standard error.
    """
    taken = [number for number in ENDING if signal.getsignal(number) == signal.SIG_DFL]
    for number in taken:
        signal.signal(number, _leave)
    try:
        # A file takes what nobody reads; a pipe that is full would hold the process up.
        with (
            tempfile.TemporaryFile("w+", errors="replace") as said,
            subprocess.Popen(
                command, env=environment, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True
            ) as process,
        ):
            try:
                yield process, lambda: _all_of(said)
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


def _all_of(file: TextIO) -> str:
    file.seek(0)
    return file.read()


def _leave(number: int, frame: Any) -> None:
    sys.exit(128 + number)
