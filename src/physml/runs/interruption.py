"""Whether a training that is killed and resumed, again and again, leads to what an uninterrupted one leads to."""

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from physml.runs.checkpoint_files import HASHES
from physml.runs.child import child
from physml.runs.errors import CheckError
from physml.runs.load import read_checkpoint

# A short training that saves its state wherever it can; what the user says about the trainer comes first.
SHORT = {
    "trainer.max_epochs": "3",
    "++trainer.limit_train_batches": "8",
    "++trainer.limit_val_batches": "2",
    "++trainer.limit_test_batches": "2",
    "trainer.log_every_n_steps": "3",
    "logger": "csv",
    "++callbacks.last_checkpoint.minutes": "0",
}
# Paths, times, and the config, which holds paths.
UNLIKE = ("best_model_path", "dirpath", "best_k_models", "kth_best_model_path", "seconds", "hyper_parameters")


def killed_and_whole(words: list[str], folder: Path, kills: int, tell: Callable[[str], None]) -> list[str]:
    """Train what some words of the command line describe twice, killed and not, and return what differs.

    The process group is killed (SIGKILL) while it writes a checkpoint, and a little after it has written one, in turn.

    Args:
        words: As for ``physml train``.
        folder: Where both run directories are made.
        kills: How often the one training is killed.
        tell: Called with a line for each kill.

    Raises:
        CheckError: A training fails, or ends before it is killed once.
    """
    given = {word.partition("=")[0].lstrip("+") for word in words}
    short = [f"{key}={value}" for key, value in SHORT.items() if key.lstrip("+") not in given]
    command = [sys.executable, "-m", "physml.cli.main", "train", *words, *short]
    whole, killed = folder / "whole", folder / "killed"
    _train([*command, f"hydra.run.dir={whole}"])
    draw = random.Random(0)
    again = [*command, f"hydra.run.dir={killed}", "resume=auto"]
    for number in range(kills):
        writing = number % 2 == 0
        with child(again) as (process, said):
            pause = 0.0 if writing else draw.uniform(0, 0.05)
            if not _kill(process, killed, saves=draw.randint(1, 3), pause=pause):
                _finish(process, said)
                if number == 0:
                    raise CheckError("expected a training to kill, got one that ended before: train longer")
                tell(f"finished before kill {number + 1} of {kills}: train longer to kill it more often")
                break
        tell(f"kill {number + 1}: {'while it wrote a checkpoint' if writing else 'within an epoch'}, {_where(killed)}")
    else:
        _train(again)
    return [*_unlike_checkpoints(whole, killed), *_unlike_records(whole, killed)]


def _train(command: list[str]) -> None:
    with child(command) as (process, said):
        _finish(process, said)


def _finish(process: subprocess.Popen, said: Callable[[], str]) -> None:
    if process.wait():
        raise CheckError(f"a training ended with exit code {process.returncode}: {said().strip()[-300:]}")


def _kill(process: subprocess.Popen, run: Path, saves: int, pause: float) -> bool:
    """Kill a training a pause after the given save of a checkpoint has begun; say whether it was still there."""
    seen, last = 0, _modified(run)
    while process.poll() is None:
        now = _modified(run)
        seen, last = seen + (now != last), now
        if seen >= saves:  # the hashes are new, their checkpoint is being written: for less than a poll on a fast disk
            time.sleep(pause)
            os.killpg(process.pid, signal.SIGKILL)
            return process.wait() == -signal.SIGKILL
        time.sleep(0.0005)
    return False


def _modified(run: Path) -> int:
    """When the hashes were last written, which is before each checkpoint."""
    try:
        return (run / "checkpoints" / HASHES).stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _where(run: Path) -> str:
    for name in ("last.ckpt", "before_last.ckpt"):
        try:
            state = read_checkpoint(run / "checkpoints" / name)
        except (ValueError, FileNotFoundError):
            continue
        return f"{name} is of step {state['global_step']} in epoch {state['epoch']}"
    return "no checkpoint is there"


def _unlike_checkpoints(whole: Path, killed: Path) -> Iterator[str]:
    for name in ("last.ckpt", "best.ckpt"):
        one, other = (run / "checkpoints" / name for run in (whole, killed))
        if one.exists() or other.exists():
            yield from _unlike(read_checkpoint(one), read_checkpoint(other), name)


def _unlike_records(whole: Path, killed: Path) -> Iterator[str]:
    one, other = (json.loads((run / "results.json").read_text()) for run in (whole, killed))
    for key in ("metrics", "logged", "steps", "epochs"):
        yield from _unlike(one[key], other[key], f"results.json: {key}")
    logs = [run / "metrics.csv" for run in (whole, killed)]
    if any(log.exists() for log in logs):
        one, other = (list(csv.DictReader(log.read_text().splitlines())) for log in logs)
        yield from _unlike(one, other, "metrics.csv: row ")


def _unlike(one: Any, other: Any, path: str) -> Iterator[str]:
    """The places where two nested collections of plain data differ, besides paths and times."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in [*one, *(key for key in other if key not in one)]:
            if key not in UNLIKE:
                yield from _unlike(one.get(key), other.get(key), f"{path}/{key}")
    elif isinstance(one, list | tuple) and isinstance(other, list | tuple) and len(one) == len(other):
        for number, (a, b) in enumerate(zip(one, other, strict=True)):
            yield from _unlike(a, b, f"{path}/{number}")
    elif isinstance(one, Tensor) and isinstance(other, Tensor):
        if one.dtype != other.dtype or one.shape != other.shape or not equal_with_nan(one, other):
            yield f"{path}: tensors differ"
    elif one != other and not (one != one and other != other):  # NaN is like NaN
        yield f"{path}: {one!s:.60} and {other!s:.60}"


def equal_with_nan(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same numbers; NaN is like NaN."""
    return torch.equal(one, other) or (
        (one.is_floating_point() or one.is_complex()) and torch.allclose(one, other, rtol=0, atol=0, equal_nan=True)
    )
