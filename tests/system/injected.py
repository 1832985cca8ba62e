"""What fails in the tests of faults: named in configs as ``injected.…``, at a step of the training."""

import os
import resource
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import torch
from lightning.fabric.strategies.launchers import subprocess_script
from lightning.pytorch import Callback, LightningDataModule, Trainer
from torch.utils.data import DataLoader

# Lightning looks every 5 s whether a process of a DDP run has died: at once, so that who notices first is no chance.
subprocess_script._ChildProcessObserver.__init__.__defaults__ = (0.02,)


class Inject(Callback):
    """Does something once in a training, where the environment variable FAULTS is set: a resumed one goes on unharmed.

    Args:
        action: What is done.
        hook: The hook of Lightning in which it is done.
        step: The step at which it is done.
    """

    def __init__(self, action: Callable[[Trainer], None], hook: str, step: int) -> None:
        self.action, self.step = action, step
        setattr(self, hook, self._act)

    def _act(self, trainer, *_, **__):
        if "FAULTS" in os.environ and trainer.global_step == self.step:
            self.action(trainer)


def fill_disk(trainer, left=0):
    """Leave so many bytes free on the disk of the run directory."""
    ballast = Path(trainer.default_root_dir).parent / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            os.truncate(ballast, file.tell() - left)


def remove_run(trainer):
    """Remove the run directory."""
    shutil.rmtree(trainer.default_root_dir)


def run_out_of_gpu_memory(trainer):
    """Raise what torch raises."""
    raise torch.OutOfMemoryError(
        "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 79.11 GiB of which 3.25 GiB is "
        "free. Including non-PyTorch memory, this process has 75.85 GiB memory in use."
    )


def ask_for_a_pebibyte(trainer):
    """Let torch's allocator fail in earnest."""
    torch.empty(2**50, dtype=torch.uint8)


def limit_memory(trainer):
    """Leave this process 150 MiB more than it has."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 150 * 2**20, resource.RLIM_INFINITY))


def kill_wandb(trainer):
    """Kill the process that W&B has beside this one."""
    kill(child("wandb-core"))


def kill_loader(trainer):
    """Kill a process that loads data, and note those that there are."""
    found = children("")
    Path(os.environ["FAULTS"]).write_text(" ".join(map(str, found)))
    kill(found[-1])


def kill_second(trainer):
    """Kill the second process of a DDP run."""
    if trainer.global_rank == 1:
        kill(os.getpid())


def kill_second_while_first_hangs(trainer):
    """Kill the second process of a DDP run while the first waits for something else than a gradient."""
    kill_second(trainer)
    signal.pause()


def kill(process: int) -> None:
    os.kill(process, signal.SIGKILL)


def child(name: str) -> int:
    (found,) = children(name)
    return found


def children(name: str) -> list[int]:
    """Return the processes that this one has started and whose command contains `name`."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and name in (folder / "cmdline").read_text():
                found.append(int(folder.name))
        except OSError:  # it has ended meanwhile
            continue
    return sorted(found)


class Workers(LightningDataModule):
    """Data of a user whose loader has processes, as none of ours has."""

    def __init__(self, path: str, in_shape: list[int], out_shape: list[int], batch_size: int) -> None:
        super().__init__()
        self.batch_size = batch_size

    def train_dataloader(self):
        x = torch.randn(64, 3, generator=torch.Generator().manual_seed(0))
        events = [{"x": row, "y": (row[0] > 0).long()} for row in x]
        return DataLoader(events, self.batch_size, num_workers=2)

    val_dataloader = test_dataloader = train_dataloader
