"""The GravNet layer, forward and backward, against its rivals: the same weights and the same batch in one run.

ours            physml's layer
torch-cluster   torch-geometric's GravNetConv, with torch-cluster's ``knn`` in the place of that of pyg-lib, which PyPI
                does not carry; left out if torch-cluster is not installed
dense           all distances of an event, ``topk`` and fancy indexing in plain torch
compiled        by ``torch.compile``
recorded        as one graph of kernels each way, which a GPU replays (``torch.cuda.make_graphed_callables``)

Times are medians of turns, ratios medians of the ratios of each turn. The peak memory is that of a process of its own
for each way: how far its resident size rises (``VmHWM`` of Linux's ``/proc``) in the first two steps on this batch,
after steps on tiny ones have loaded and compiled all code; on a GPU, how far torch's allocations do. Run:
``python scripts/benchmarks/gravnet.py``, with ``--device cuda`` on a GPU
"""

import argparse
import gc
import importlib.util
import platform
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path
from types import SimpleNamespace

import torch
from torch import Tensor, nn

from physml.networks.gravnet import GravNetLayer

K, SPACE, PROPAGATE, IN, OUT = 40, 4, 22, 64, 48
SIZES = [(8, 1000), (8, 2102), (1, 20_000)]


def ours() -> nn.Module:
    return GravNetLayer(IN, OUT, K, SPACE, PROPAGATE, self_loops=True, activation=nn.Identity())


class Dense(GravNetLayer):
    """The same layer for events of one size, by all distances at once."""

    def forward(self, h: Tensor, offsets: Tensor) -> Tensor:
        """Return h' of each point."""
        space, features = self.space(h), self.propagate(h)
        events = space.detach().unflatten(0, (len(offsets) - 1, -1))
        index = torch.cdist(events, events).topk(K, largest=False).indices + offsets[:-1, None, None]
        index = index.flatten(0, 1)
        weight = torch.exp(-10 * (space[index] - space[:, None]).square().sum(-1))
        messages = weight[..., None] * features[index]
        return self.output(torch.cat([h, messages.mean(1), messages.amax(1)], dim=1))


def dense() -> nn.Module:
    return Dense(IN, OUT, K, SPACE, PROPAGATE)


def torch_cluster() -> nn.Module:
    import torch_cluster  # noqa: F401 - registers its operators
    from torch_geometric import typing
    from torch_geometric.nn import GravNetConv

    typing.WITH_KNN = True
    torch.ops.pyg = SimpleNamespace(knn=torch.ops.torch_cluster.knn)

    class Ragged(GravNetConv):
        def forward(self, h: Tensor, offsets: Tensor) -> Tensor:
            counts = offsets.diff()
            return super().forward(h, torch.repeat_interleave(torch.arange(len(counts), device=h.device), counts))

    return Ragged(IN, OUT, SPACE, PROPAGATE, K)


WAYS = {"ours": ours, "torch-cluster": torch_cluster, "dense": dense}
HOW = {"cpu": ("", ", compiled"), "cuda": ("", ", compiled", ", recorded")}


def build(name: str, arrays: list[Tensor]) -> nn.Module:
    """Return the layer of that name with the weights that all have, for batches like this one."""
    torch.manual_seed(0)
    source, (way, _, how) = ours(), name.partition(", ")
    module = WAYS[way]()
    if isinstance(module, GravNetLayer):
        module.load_state_dict(source.state_dict())
    else:
        with torch.no_grad():
            for target, linear in ((module.lin_s, source.space), (module.lin_h, source.propagate)):
                target.weight.copy_(linear.weight)
                target.bias.copy_(linear.bias)
            module.lin_out1.weight.copy_(source.output.weight[:, :IN])
            module.lin_out2.weight.copy_(source.output.weight[:, IN:])
            module.lin_out2.bias.copy_(source.output.bias)
    h, offsets, _ = arrays
    module.to(h.device)
    if how == "compiled":
        module.compile()
    elif how == "recorded":
        module = torch.cuda.make_graphed_callables(module, (h.clone().requires_grad_(), offsets))
    return module


def batch(events: int, points: int, device: str) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    h = torch.randn(events * points, IN, generator=generator)
    direction = torch.randn(events * points, OUT, generator=generator)
    return [part.to(device) for part in (h, torch.arange(0, events * points + 1, points), direction)]


def step(module: nn.Module, h: Tensor, offsets: Tensor, direction: Tensor) -> Tensor:
    """Forward and backward; returns the output."""
    module.zero_grad()
    output = module(h.detach().requires_grad_(), offsets)
    output.backward(direction)
    return output.detach()


def print_peak(name: str, events: int, points: int) -> None:
    """Print by how many MiB the peak grows; in a process of its own."""
    arrays = batch(events, points, "cpu")
    way = build(name, arrays)
    for size in ((2, 100), (3, 120), (1, 140)):  # compiled for one size, for any, and for one event
        step(way, *batch(*size, "cpu"))
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far: it may be that of the process before
    for _ in range(2):
        step(way, *arrays)
    print(resident("VmHWM") - before)


def resident(name: str) -> float:
    """Return a memory figure of this process in MiB, by Linux's name for it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(name)) / 1024


def measure_peak(name: str, events: int, points: int, device: str) -> float:
    """Return by how many MiB the memory grows at most."""
    if device == "cpu":
        words = [sys.executable, __file__, "--peak", name, str(events), str(points)]
        return float(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    tiny, arrays = batch(2, 100, device), batch(events, points, device)
    step(build(name, tiny), *tiny)  # what is allocated once
    gc.collect()  # a recorded layer holds its memory in a cycle of references
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    way = build(name, arrays)
    for _ in range(2):
        step(way, *arrays)
    return (torch.cuda.max_memory_allocated() - before) / 2**20


def compare(names: list[str], events: int, points: int, turns: int, device: str) -> None:
    peaks = {name: measure_peak(name, events, points, device) for name in names}
    arrays = batch(events, points, device)
    ways = {name: build(name, arrays) for name in names}
    outputs = {name: step(way, *arrays).clone() for name, way in ways.items() for _ in range(3)}  # also warms up
    times = {name: [] for name in names}
    for _ in range(turns):
        for name, way in ways.items():
            wait(device)
            started = time.perf_counter()
            step(way, *arrays)
            wait(device)
            times[name].append(1e3 * (time.perf_counter() - started))
    for name in names:
        ratio = statistics.median(a / b for a, b in zip(times[name], times["ours"], strict=True))
        difference = float((outputs[name] - outputs["ours"]).abs().max())
        print(
            f"{events} x {points:<7}{name:<16}{statistics.median(times[name]):9.2f} ms{ratio:9.2f}"
            f"{peaks[name]:10.0f} MiB{difference:14.1e}",
            flush=True,
        )


def wait(device: str) -> None:
    """Until the device has done what it was told."""
    if device == "cuda":
        torch.cuda.synchronize()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=7, help="timed turns after three to warm up")
    parser.add_argument("--without", nargs="*", default=[], choices=list(WAYS)[1:], help="rivals to leave out")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--peak", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    if arguments.peak:
        name, events, points = arguments.peak
        print_peak(name, int(events), int(points))
        return
    ways = [name for name in WAYS if name not in arguments.without]
    if importlib.util.find_spec("torch_cluster") is None and "torch-cluster" in ways:
        ways.remove("torch-cluster")
        print("torch-cluster is not installed: left out")
    names = [way + how for way in ways for how in HOW[arguments.device] if way != "torch-cluster" or not how]
    machine = f"{platform.machine()}, {torch.get_num_threads()} threads"
    if arguments.device == "cuda":
        machine = torch.cuda.get_device_name()
    print(
        f"k = {K}, S = {SPACE}, F_LR = {PROPAGATE}, {IN} -> {OUT} features, forward + backward, float32, "
        f"{arguments.turns} turns\n{machine}, torch {torch.__version__}\n"
        f"{'points':<11}{'way':<16}{'time':>12}{'/ ours':>9}{'peak':>14}{'|y - y_ours|':>14}"
    )
    for events, points in SIZES:
        compare(names, events, points, arguments.turns, arguments.device)


if __name__ == "__main__":
    main()
