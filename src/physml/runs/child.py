"""A process that does not outlive the one that started it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

ENDING = (signal.SIGTERM, signal.SIGHUP)  # would end this process without a word to the other


@contextmanager
def child(command: list[str], environment: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen]:
    """Start a process in a group of its own, which is killed where the block is left with the process still running.

    Ctrl-C leaves the block, and so do SIGTERM and SIGHUP, with Python's exit; only SIGKILL leaves the process behind.
    What it says on the standard error is kept for `communicate`.
    """
    taken = [number for number in ENDING if signal.getsignal(number) == signal.SIG_DFL]
    for number in taken:
        signal.signal(number, _leave)
    try:
        with subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


def _leave(number: int, frame: Any) -> None:
    sys.exit(128 + number)
