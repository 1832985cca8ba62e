"""Where a run came from: code, versions, hardware."""

import hashlib
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

import physml

PACKAGES = (
    "physml",
    "torch",
    "lightning",
    "torchmetrics",
    "hydra-core",
    "torch-geometric",
    "e3nn",
    "nflows",
    "torchdiffeq",
    "numpy",
    "scipy",
)


def provenance(seed: int, command: list[str] | None = None) -> dict[str, Any]:
    """Return what is needed to tell later what a run was: commit, difference to it, versions, hardware and seed.

    Args:
        seed: Seed of the run.
        command: What was typed; the words of this process unless given.
    """
    commit = _git("rev-parse", "HEAD")
    difference = (_git("diff", "HEAD") or "") + _untracked() if commit else None
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command or [Path(sys.argv[0]).name, *sys.argv[1:]],
        "seed": seed,
        "git_commit": commit,
        "git_diff_sha256": hashlib.sha256(difference.encode()).hexdigest() if difference else None,
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
        "platform": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "cpu_threads": torch.get_num_threads(),
        "gpus": [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())],
    }


def _untracked() -> str:
    """Return the names and contents of the files that git does not track: a new network is a difference too."""
    root = Path(physml.__file__).parents[2]
    files = (_git("ls-files", "-z", "--others", "--exclude-standard", "src", "configs") or "").split("\0")
    return "".join(f"{file}\n{_text(root / file)}" for file in files if file)


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:  # a folder with a repository of its own, a link to nothing
        return ""


def _git(*arguments: str) -> str | None:
    """Return what git prints about the clone that this package runs from; None where it is not in one."""
    root = Path(physml.__file__).parents[2]
    if not (root / ".git").exists():
        return None
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.decode(errors="replace").strip()
