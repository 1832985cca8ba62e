"""The search by Triton's kernels against the search on a CPU, which `test_nearest` holds against the definition."""

import pytest
import torch

from physml.ops import neighbours
from physml.ops.neighbours import nearest_neighbours

# numpy, which interprets the kernels on a CPU, warns of what a GPU does silently.
pytestmark = pytest.mark.filterwarnings("ignore:(overflow|invalid value) encountered:RuntimeWarning")


def find(points, offsets, k, self_loops, device):
    """Search by the kernels, on any device."""
    from physml.ops.nearest_triton import nearest_triton

    index, exists, status = nearest_triton(points.to(device), offsets.to(device), k - self_loops, self_loops)
    assert not status[0].item()
    return index.cpu(), exists.cpu(), status[1].item()


def compare(points, offsets, k, device, self_loops=False):
    """Compare with the search on a CPU; return how many rows were searched again."""
    index, exists, again = find(points, offsets, k, self_loops, device)
    expected = nearest_neighbours(points, offsets, k, self_loops)
    assert torch.equal(index, expected[0])
    assert torch.equal(exists, expected[1])
    return again


def problem(counts, space, dtype=torch.float32):
    points = torch.randn(sum(counts), space, generator=torch.Generator().manual_seed(0), dtype=dtype)
    return points, torch.tensor([0, *counts]).cumsum(0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("self_loops", [False, True])
def test_ordinary_points(kernel_device, dtype, self_loops):
    points, offsets = problem([0, 3, 30, 1, 40], 3, dtype)
    assert compare(points, offsets, 5, kernel_device, self_loops) == 0
    points, offsets = (table.repeat_interleave(2, dim=-1)[..., ::2] for table in (points, offsets))
    assert not points.is_contiguous()
    compare(points, offsets, 5, kernel_device, self_loops)


@pytest.mark.parametrize(
    "change",
    [
        lambda points: points.sign(),  # ties, and points that coincide
        lambda points: points * 0,
        lambda points: points * 2.0**-90,  # underflows in single precision when squared
        lambda points: points * 2.0**100,  # overflows in single precision when squared
        lambda points: points * 2.0**400,  # overflows in single precision
        lambda points: points + 2.0**40,  # coordinates of which single precision loses all differences
        lambda points: points * 2.0**-8 + 2.0**14,  # or some
    ],
)
def test_what_single_precision_blurs_is_found_too(kernel_device, change):
    points, offsets = problem([40, 25], 2, torch.float64)
    points = change(points)
    assert compare(points, offsets, 6, kernel_device) > 0


@pytest.mark.parametrize(("space", "k"), [(1, 1), (20, 9)])
def test_other_sizes(kernel_device, space, k):
    compare(*problem([12, 25], space), k, kernel_device)


def test_the_whole_search_on_a_gpu_at_full_size(kernel_device):
    if kernel_device == "cpu":
        pytest.skip("for a GPU: interpreted, it would take an hour")
    for counts, space, k in (
        *(([3000], 3, k) for k in (107, 235, 240, 300)),
        ([2102] * 8, 4, 40),
        ([5000, 0, 17, 300], 64, 20),
        ([20_000], 4, 40),
    ):
        points, offsets = problem(counts, space)
        if k <= neighbours.MOST:
            assert find(points, offsets, k, False, kernel_device)[2] <= 0.01 * len(points)
        points[::7] = points[::7].round()
        for self_loops in (False, True):
            found = nearest_neighbours(points.cuda(), offsets.cuda(), k, self_loops)
            for there, here in zip(found, nearest_neighbours(points, offsets, k, self_loops), strict=True):
                assert torch.equal(there.cpu(), here)


@pytest.mark.parametrize(("bad", "end"), [(float("nan"), 5), (float("inf"), 5), (1e200, 5), (0.0, 7), (0.0, 3)])
def test_what_is_wrong_is_told_and_no_index_leaves_the_points(kernel_device, bad, end):
    from physml.ops.nearest_triton import nearest_triton

    points = torch.zeros(5, 2, dtype=torch.float64)
    points[3, 1] = bad
    points, offsets = points.to(kernel_device), torch.tensor([0, 2, end], device=kernel_device)
    index, _, status = nearest_triton(points, offsets, 2, False)
    assert status[0].item()
    assert 0 <= index.min() <= index.max() < 5
    with pytest.raises(ValueError, match=r"finite coordinates|points \(offsets"):
        nearest_neighbours(points, offsets, 2)


def test_a_search_can_be_recorded_and_replayed(kernel_device):
    if kernel_device == "cpu":
        pytest.skip("graphs of kernels want a GPU")
    points, offsets = problem([300, 200], 4)
    points, offsets = points.cuda(), offsets.cuda()
    nearest_neighbours(points, offsets, 20)  # compiles
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        index, _ = nearest_neighbours(points, offsets, 20)
    points.copy_(points.flip(0))
    graph.replay()
    assert torch.equal(index.cpu(), nearest_neighbours(points.cpu(), offsets.cpu(), 20)[0])
