"""Whether a machine is ready for long trainings: what it has, and what fails on it before a night is lost."""

import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed, multiprocessing, nn
from torch.nn.parallel import DistributedDataParallel

from physml.runs.build import build
from physml.runs.checkpoint_files import CheckpointFiles
from physml.runs.child import child
from physml.runs.interruption import equal_with_nan

PROCESSES = 2
AGREE = 1e-12  # relative difference of gradients in double precision
SECONDS = 3.0  # for each measurement of speed


@dataclass(frozen=True)
class Finding:
    """What was found about one thing.

    Args:
        name: What was looked at.
        ok: Whether it is as it should be.
        text: What was found, and what to do if it is not.
    """

    name: str
    ok: bool
    text: str

    def __str__(self) -> str:
        return f"{'ok' if self.ok else 'NO':4}{self.name:14}{self.text}"


def findings(config: dict[str, Any], words: list[str]) -> Iterator[Finding]:
    """Look at one thing after the other, and give what was found as it comes.

    Args:
        config: The resolved config of a training.
        words: The words of the command line that composed it.
    """
    with tempfile.TemporaryDirectory(prefix="physml_cluster_") as folder:
        for name, look in {
            "devices": _devices,
            "backends": _backends,
            "gradients": lambda: _gradients(Path(folder)),
            "loader": lambda: _loader(config),
            "checkpoint": lambda: _checkpoint(config, Path(folder)),
            "signals": lambda: _signals(words, Path(folder)),
            "W&B": lambda: _wandb(Path(folder)),
            "SLURM": _slurm,
        }.items():
            try:
                yield Finding(name, *look())
            except Exception as error:  # whatever it is, it is what this check is to find
                yield Finding(name, False, f"{type(error).__name__}: {' '.join(str(error).split())[:200]}")


def _devices() -> tuple[bool, str]:
    """What there is to compute with, within what this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    cards = [torch.cuda.get_device_properties(number) for number in range(torch.cuda.device_count())]
    named = ", ".join(f"{card.name} {card.total_memory / 2**30:.0f} GiB" for card in cards)
    threads = torch.get_num_threads()
    text = f"{cores} cores, {threads} threads, {named or 'no GPU'}, torch {torch.__version__}"
    fits = threads <= cores
    return fits, text if fits else f"{text}: more threads than cores, set OMP_NUM_THREADS={cores}"


def _backends() -> tuple[bool, str]:
    """By what processes can exchange gradients."""
    if not distributed.is_available():
        return False, "torch was built without torch.distributed: several processes cannot train together"
    there = [name for name in ("gloo", "nccl", "mpi") if getattr(distributed, f"is_{name}_available")()]
    if torch.cuda.device_count() > 1 and "nccl" not in there:
        return False, f"{', '.join(there)}, but not nccl, which several GPUs need: install a CUDA build of torch"
    return True, ", ".join(there)


def _gradients(folder: Path) -> tuple[bool, str]:
    """Whether two processes get the gradient of the whole batch, each from its half."""
    backend = "nccl" if torch.cuda.device_count() >= PROCESSES else "gloo"
    started = time.perf_counter()
    multiprocessing.spawn(_half, (backend, str(folder)), nprocs=PROCESSES)
    found = [torch.load(folder / f"gradient_{rank}.pt", weights_only=True) for rank in range(PROCESSES)]
    expected = _gradient(*_problem(), slice(None))
    worst = max(float((each - expected).abs().max() / expected.abs().max()) for each in found)
    text = (
        f"{PROCESSES} processes over {backend} agree with one to {worst:.0e} in {time.perf_counter() - started:.0f} s"
    )
    advice = (
        "the network between the processes, or the backend, changes numbers: try ++trainer.strategy=ddp on one node"
    )
    return worst < AGREE, text if worst < AGREE else f"{text}: {advice}"


def _half(rank: int, backend: str, folder: str) -> None:
    """One process's part."""
    distributed.init_process_group(backend, init_method=f"file://{folder}/meeting", rank=rank, world_size=PROCESSES)
    network, x = _problem()
    if backend == "nccl":
        torch.cuda.set_device(rank)
        network, x = network.cuda(), x.cuda()
    gradient = _gradient(DistributedDataParallel(network), x, slice(rank, None, PROCESSES))
    torch.save(gradient.cpu(), Path(folder) / f"gradient_{rank}.pt")
    distributed.destroy_process_group()


def _problem() -> tuple[nn.Module, Tensor]:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(8, 32), nn.Tanh(), nn.Linear(32, 1)).double()
    return network, torch.randn(64, 8, dtype=torch.float64)


def _gradient(network: nn.Module, x: Tensor, part: slice) -> Tensor:
    network(x[part]).square().mean().backward()
    return torch.cat([weights.grad.flatten() for weights in network.parameters()])


def _loader(config: dict[str, Any]) -> tuple[bool, str]:
    """Whether batches come faster than the device takes them."""
    data, task = build(config["data"]), build(config["task"])
    data.prepare_data()
    data.setup("fit")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    task.to(device)
    given = _per_second(_batches(data))
    batch = data.transfer_batch_to_device(next(iter(data.train_dataloader())), device, 0)
    taken = _per_second(_step(task, batch) for _ in itertools.count())
    text = f"{given:.0f} batches/s come from the data, {taken:.1f} are taken by training steps on {device.type}"
    more = "raise data.workers" if "workers" in config["data"] else "take larger batches, or data from a faster place"
    return given > taken, text if given > taken else f"{text}: the steps wait for the data, {more}"


def _step(task: Any, batch: Any) -> None:
    task.zero_grad()
    task.objective(batch).total.backward()
    if task.device.type == "cuda":
        torch.cuda.synchronize()


def _batches(data: Any) -> Iterator[Any]:
    while True:
        yield from data.train_dataloader()


def _per_second(actions: Iterator[Any]) -> float:
    next(actions)  # warms up
    started, count = time.perf_counter(), 0
    while (spent := time.perf_counter() - started) < SECONDS:
        next(actions)
        count += 1
    return max(count, 1) / max(spent, 1e-9)


def _checkpoint(config: dict[str, Any], folder: Path) -> tuple[bool, str]:
    """Whether three times the weights, as a checkpoint with Adam holds, come back as they were written."""
    place = Path(os.environ.get("PHYSML_RUNS", "runs")).absolute()
    while not place.is_dir():
        place = place.parent
    weights = build(config["task"]).state_dict()
    state = {"state_dict": weights, "again": [dict(weights), dict(weights)]}
    with tempfile.TemporaryDirectory(prefix=".physml_cluster_", dir=place) as home:
        path, started = Path(home) / "last.ckpt", time.perf_counter()
        CheckpointFiles().save_checkpoint(state, path)
        written = time.perf_counter() - started
        back = CheckpointFiles().load_checkpoint(path)["state_dict"]
        size = path.stat().st_size / 2**20
    free = shutil.disk_usage(place).free / 2**30
    text = f"{size:.1f} MiB synced in {1e3 * written:.0f} ms, {free:.0f} GiB free in {place}"
    if not all(equal_with_nan(value, back[name]) for name, value in weights.items()):
        return False, f"{text}: what was read is not what was written: set PHYSML_RUNS to another disk"
    return free > 1, text if free > 1 else f"{text}: make room, or set PHYSML_RUNS to another disk"


def _signals(words: list[str], folder: Path) -> tuple[bool, str]:
    """Whether a training that is asked to end saves its state first."""
    run = folder / "run"
    command = [sys.executable, "-m", "physml.cli.main", "train", *words, f"hydra.run.dir={run}"]
    command += ["++callbacks.last_checkpoint.minutes=0", "++trainer.max_epochs=1000000", "++trainer.max_steps=-1"]
    environment = {**os.environ, "WANDB_MODE": "disabled"}
    with child(command, environment) as (process, said):
        deadline = time.monotonic() + 60
        saved = run / "checkpoints" / "last.ckpt"
        while not saved.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        if not saved.exists() and process.poll() is None:
            return False, "a training wrote no checkpoint in 60 s: its data or its first step take longer than that"
        asked = time.monotonic()
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            return False, "SIGTERM did not end a training in 30 s: its steps or its validation take longer than that"
        if process.returncode == 128 + signal.SIGTERM:
            return True, f"SIGTERM: a training saved its state and ended in {time.monotonic() - asked:.1f} s"
        last = said().strip().rpartition("\n")[2]
        return False, f"a training ended with exit code {process.returncode}: {last}"


def _wandb(folder: Path) -> tuple[bool, str]:
    """Whether W&B writes a run without a network."""
    from physml.callbacks.weights_and_biases import wandb_logger

    before = os.environ.get("WANDB_MODE")
    os.environ["WANDB_MODE"] = "offline"
    try:
        logger = wandb_logger(str(folder / "wandb_run"))
        logger.log_metrics({"x": 1.0}, 0)
        logger.finish()
    finally:
        os.environ.pop("WANDB_MODE")
        if before is not None:
            os.environ["WANDB_MODE"] = before
    written = list((folder / "wandb_run").rglob("run-*.wandb"))
    return bool(written), "writes offline runs" if written else "wrote nothing: set logger=csv"


def _slurm() -> tuple[bool, str]:
    """What SLURM gives this job, or would give."""
    job = {key: value for key, value in sorted(os.environ.items()) if key in _SLURM}
    if job:
        return True, ", ".join(f"{key.removeprefix('SLURM_').lower()} {value}" for key, value in job.items())
    if shutil.which("sinfo") is None:
        return True, "not here (no sinfo)"
    done = subprocess.run(["sinfo", "-h", "-o", "%P %D %c %G"], capture_output=True, text=True, timeout=20)
    if done.returncode:
        return True, "sinfo is here, but no controller answers it"
    return True, "partitions (nodes, cores, generic resources): " + "; ".join(done.stdout.splitlines()[:6])


_SLURM = ("SLURM_JOB_ID", "SLURM_JOB_NODELIST", "SLURM_NTASKS", "SLURM_CPUS_PER_TASK", "SLURM_GPUS_ON_NODE")
