"""How fast events come from a file larger than memory, and how much memory that takes.

Writes ragged events of 200 points with seven numbers each into files of each kind, and streams an epoch of shuffled
batches from each with several numbers of reading threads, every time in a process of its own. The memory is how far the
resident size of that process rises (``VmHWM`` of Linux's ``/proc``). Run: ``python scripts/benchmarks/streaming.py``;
for a file larger than memory, where the disk has room for it,
``python scripts/benchmarks/streaming.py --gigabytes 30 --kinds h5 --workers 2 --folder DIR``.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import torch

from physml.data.arrays import Arrays
from physml.data.stream import StreamDataModule
from physml.runs.event_writers import WRITERS

POINTS, COLUMNS = 200, 7
PART = 1000  # events written at once, which makes a group of the file
EVENT_BYTES = 4 * POINTS * COLUMNS


def parts(events: int) -> Iterator[Arrays]:
    """Give events part by part: the same numbers in each, as only their reading is timed."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(PART * POINTS, COLUMNS, generator=generator)
    for start in range(0, events, PART):
        count = min(PART, events - start)
        yield Arrays(points={"x": x[: count * POINTS]}, offsets=torch.arange(0, count * POINTS + 1, POINTS))


def write(path: Path, gigabytes: float) -> None:
    started = time.perf_counter()
    with path.open("w+b") as file:
        WRITERS[path.suffix](file, parts(round(gigabytes * 1e9 / EVENT_BYTES)))
    seconds = time.perf_counter() - started
    print(f"{path.suffix[1:]}: {path.stat().st_size / 1e9:.2f} GB written in {seconds:.0f} s", flush=True)


def resident(name: str) -> float:
    """Return a memory figure of this process in MB, by Linux's name for it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(name)) * 1024 / 1e6


def print_epoch(path: str, workers: int) -> None:
    """Stream an epoch and print events per second and memory; in a process of its own."""
    before = resident("VmRSS")
    data = StreamDataModule(path, [COLUMNS], [2], fractions=(0.98, 0.01, 0.01), batch_size=128, workers=workers)
    started, events, points = time.perf_counter(), 0, 0
    for batch in data.train_dataloader():
        events += len(batch["offsets"]) - 1
        points += len(batch["x"])
    seconds = time.perf_counter() - started
    if points != events * POINTS:
        raise SystemExit(f"expected {events * POINTS} points of {events} events, got {points}")
    print(
        f"  {workers} threads: {events} events, {events / seconds:9.0f} events/s, "
        f"{events * EVENT_BYTES / seconds / 1e6:6.0f} MB/s, memory {resident('VmHWM') - before:6.0f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=2.0, help="numbers in a file")
    parser.add_argument("--kinds", nargs="+", default=["h5", "parquet", "root"], choices=["h5", "parquet", "root"])
    parser.add_argument("--workers", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--folder", help="where the files are written for a while (default: the system's)")
    parser.add_argument("--epoch", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.epoch:
        print_epoch(options.epoch[0], int(options.epoch[1]))
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for kind in options.kinds:
            path = Path(folder) / f"events.{kind}"
            write(path, options.gigabytes)
            for workers in options.workers:
                subprocess.run([sys.executable, __file__, "--epoch", str(path), str(workers)], check=True)
            path.unlink()


if __name__ == "__main__":
    main()
