"""The kernels of the distance-weighted aggregation against torch's operations on a CPU."""

import pytest
import torch

from physml.ops import distance_weighted as operators
from physml.ops.neighbours import nearest_neighbours


def problem(dtype, width, k, counts=(0, 3, 17, 1, 9), space=3):
    generator = torch.Generator().manual_seed(0)
    points = sum(counts)
    coordinates = 0.3 * torch.randn(points, space, generator=generator, dtype=dtype)
    features, mean, largest = (torch.randn(points, width, generator=generator, dtype=dtype) for _ in range(3))
    return (coordinates, features, *nearest_neighbours(coordinates, torch.tensor([0, *counts]).cumsum(0), k)), (
        mean,
        largest,
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("width", "k"), [(5, 6), (70, 3), (1, 1)])
def test_kernels_agree_with_operations_on_a_cpu(kernel_device, dtype, width, k):
    from physml.ops import distance_weighted_triton as kernels

    inputs, slopes = problem(dtype, width, k)
    here = operators._aggregate(*inputs)
    there = kernels.aggregate(*(tensor.to(kernel_device) for tensor in inputs))
    *largest, winner = zip(here, there, strict=True)
    for expected, found in largest:
        torch.testing.assert_close(found.cpu(), expected)
    has_neighbours = inputs[3].any(1)
    assert torch.equal(winner[1].cpu()[has_neighbours], winner[0][has_neighbours])
    expected = operators._gradients(*slopes, *inputs, *here[2:])
    found = kernels.gradients(*(tensor.to(kernel_device) for tensor in (*slopes, *inputs, *there[2:])))
    scale = 10 * torch.finfo(dtype).eps * (1 + k * width)
    for one, other in zip(expected, found, strict=True):
        torch.testing.assert_close(other.cpu(), one, rtol=0, atol=scale * float(one.abs().max()))


def test_no_points_are_served(kernel_device):
    from physml.ops import distance_weighted_triton as kernels

    inputs, slopes = problem(torch.float32, 4, 2, counts=(0,))
    outputs = kernels.aggregate(*(tensor.to(kernel_device) for tensor in inputs))
    assert [tuple(output.shape) for output in outputs] == [(0, 4), (0, 4), (0, 2), (0, 4)]
    gradients = kernels.gradients(*(tensor.to(kernel_device) for tensor in (*slopes, *inputs)), *outputs[2:])
    assert [tuple(gradient.shape) for gradient in gradients] == [(0, 3), (0, 4)]


def test_nan_is_not_hidden(kernel_device):
    from physml.ops import distance_weighted_triton as kernels

    inputs, _ = problem(torch.float32, 3, 4)
    inputs[1][5] = float("nan")
    found = kernels.aggregate(*(tensor.to(kernel_device) for tensor in inputs))
    expected = operators._aggregate(*inputs)
    for there, here in zip(found[:2], expected[:2], strict=True):
        assert torch.equal(there.cpu().isnan(), here.isnan())


@pytest.mark.parametrize("deterministic", [False, True])
def test_the_operator_on_a_gpu_takes_its_kernels_unless_order_matters(kernel_device, deterministic, monkeypatch):
    if kernel_device == "cpu":
        pytest.skip("the operator takes its kernels on a GPU alone")
    from physml.ops import distance_weighted_triton as kernels

    used = []
    for name in ("aggregate", "gradients"):
        kernel = getattr(kernels, name)
        monkeypatch.setattr(kernels, name, lambda *args, kernel=kernel: (used.append(kernel), kernel(*args))[1])
    inputs, slopes = problem(torch.float32, 22, 40, counts=(2102, 1000), space=4)
    results = []
    before = torch.are_deterministic_algorithms_enabled()
    for device in ("cpu", "cuda"):
        torch.use_deterministic_algorithms(deterministic and device == "cuda", warn_only=True)
        try:
            space, features, *rest = (tensor.to(device) for tensor in inputs)
            # In columns: what is not contiguous is taken, too.
            space, features = (tensor.t().contiguous().t().requires_grad_() for tensor in (space, features))
            outputs = operators.distance_weighted(space, features, *rest)
            gradients = torch.autograd.grad(outputs, (space, features), [slope.to(device) for slope in slopes])
        finally:
            torch.use_deterministic_algorithms(before)
        results.append([tensor.cpu() for tensor in (*outputs, *gradients)])
    torch.testing.assert_close(*results, rtol=1e-4, atol=1e-4)
    assert len(used) == (0 if deterministic else 2)
