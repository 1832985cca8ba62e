"""The GravNet layer, forward and backward, against its rivals: the same weights and the same batch in one run.

ours            physml's layer, and compiled by torch.compile
torch-cluster   torch-geometric's GravNetConv, with torch-cluster's ``knn`` in the place of that of pyg-lib, which PyPI
                does not carry; left out if torch-cluster is not installed
dense           all distances of an event, ``topk`` and fancy indexing in plain torch

Times are medians of turns, ratios medians of the ratios of each turn. The peak memory is that of a process of its own
for each way: how much its largest resident size (``ru_maxrss``) grows by the first two steps on this batch, after a
step on a tiny one has loaded all code. Run: ``python scripts/benchmarks/gravnet.py``
"""

import argparse
import importlib.util
import platform
import resource
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from types import SimpleNamespace

import torch
from torch import Tensor, nn

from physml.networks.gravnet import GravNetLayer

K, SPACE, PROPAGATE, IN, OUT = 40, 4, 22, 64, 48
SIZES = [(8, 1000), (8, 2102), (1, 20_000)]
Layer = Callable[[Tensor, Tensor], Tensor]


def ours() -> tuple[nn.Module, Layer]:
    layer = GravNetLayer(IN, OUT, K, SPACE, PROPAGATE, self_loops=True, activation=nn.Identity())
    return layer, layer


def ours_compiled() -> tuple[nn.Module, Layer]:
    layer, _ = ours()
    return layer, torch.compile(layer)


def torch_cluster() -> tuple[nn.Module, Layer]:
    import torch_cluster  # noqa: F401 - registers its operators
    from torch_geometric import typing
    from torch_geometric.nn import GravNetConv

    typing.WITH_KNN = True
    torch.ops.pyg = SimpleNamespace(knn=torch.ops.torch_cluster.knn)
    conv = GravNetConv(IN, OUT, SPACE, PROPAGATE, K)

    def run(h: Tensor, offsets: Tensor) -> Tensor:
        counts = offsets.diff()
        return conv(h, torch.repeat_interleave(torch.arange(len(counts)), counts))

    return conv, run


def dense() -> tuple[nn.Module, Layer]:
    layer, _ = ours()

    def run(h: Tensor, offsets: Tensor) -> Tensor:
        space, features = layer.space(h), layer.propagate(h)
        events = space.detach().unflatten(0, (len(offsets) - 1, -1))
        index = torch.cdist(events, events).topk(K, largest=False).indices + offsets[:-1, None, None]
        index = index.flatten(0, 1)
        weight = torch.exp(-10 * (space[index] - space[:, None]).square().sum(-1))
        messages = weight[..., None] * features[index]
        return layer.output(torch.cat([h, messages.mean(1), messages.amax(1)], dim=1))

    return layer, run


WAYS = {"ours": ours, "ours, compiled": ours_compiled, "torch-cluster": torch_cluster, "dense": dense}


def copy_weights(source: GravNetLayer, target: nn.Module) -> None:
    if isinstance(target, GravNetLayer):
        target.load_state_dict(source.state_dict())
        return
    with torch.no_grad():
        for name, linear in (("lin_s", source.space), ("lin_h", source.propagate)):
            getattr(target, name).weight.copy_(linear.weight)
            getattr(target, name).bias.copy_(linear.bias)
        target.lin_out1.weight.copy_(source.output.weight[:, :IN])
        target.lin_out2.weight.copy_(source.output.weight[:, IN:])
        target.lin_out2.bias.copy_(source.output.bias)


def batch(events: int, points: int) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    h = torch.randn(events * points, IN, generator=generator)
    direction = torch.randn(events * points, OUT, generator=generator)
    return h, torch.arange(0, events * points + 1, points), direction


def step(way: tuple[nn.Module, Layer], h: Tensor, offsets: Tensor, direction: Tensor) -> Tensor:
    """Forward and backward; returns the output."""
    module, run = way
    module.zero_grad()
    h = h.detach().requires_grad_()
    output = run(h, offsets)
    output.backward(direction)
    return output.detach()


def print_peak(name: str, events: int, points: int) -> None:
    """Print by how many MiB the peak grows; in a process of its own."""
    way = WAYS[name]()
    step(way, *batch(2, 100))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(2):
        step(way, *batch(events, points))
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)


def measure_peak(name: str, events: int, points: int) -> float:
    words = [sys.executable, __file__, "--peak", name, str(events), str(points)]
    return float(subprocess.run(words, check=True, capture_output=True, text=True).stdout)


def compare(names: list[str], events: int, points: int, turns: int) -> None:
    torch.manual_seed(0)
    ways = {name: WAYS[name]() for name in names}
    for module, _ in ways.values():
        copy_weights(ways["ours"][0], module)
    arrays = batch(events, points)
    outputs = {name: step(way, *arrays) for name, way in ways.items()}  # also warms up
    times = {name: [] for name in names}
    for _ in range(turns):
        for name, way in ways.items():
            started = time.perf_counter()
            step(way, *arrays)
            times[name].append(1e3 * (time.perf_counter() - started))
    for name in names:
        ratio = statistics.median(a / b for a, b in zip(times[name], times["ours"], strict=True))
        difference = float((outputs[name] - outputs["ours"]).abs().max())
        peak = measure_peak(name, events, points)
        print(
            f"{events} x {points:<7}{name:<16}{statistics.median(times[name]):9.1f} ms{ratio:9.2f}"
            f"{peak:10.0f} MiB{difference:14.1e}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=7, help="timed turns after one to warm up")
    parser.add_argument("--without", nargs="*", default=[], choices=WAYS, help="ways to leave out")
    parser.add_argument("--peak", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    if arguments.peak:
        name, events, points = arguments.peak
        print_peak(name, int(events), int(points))
        return
    names = [name for name in WAYS if name not in arguments.without]
    if importlib.util.find_spec("torch_cluster") is None and "torch-cluster" in names:
        names.remove("torch-cluster")
        print("torch-cluster is not installed: left out")
    print(
        f"k = {K}, S = {SPACE}, F_LR = {PROPAGATE}, {IN} -> {OUT} features, forward + backward, float32, "
        f"{arguments.turns} turns\n{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}\n"
        f"{'points':<11}{'way':<16}{'time':>12}{'/ ours':>9}{'peak':>14}{'|y - y_ours|':>14}"
    )
    for events, points in SIZES:
        compare(names, events, points, arguments.turns)


if __name__ == "__main__":
    main()
