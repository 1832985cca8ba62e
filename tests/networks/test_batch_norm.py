"""Against torch's batch normalisation of the whole batch, by two threads that act as processes."""

from pathlib import Path

import pytest
import torch
from torch import nn

import physml.networks
from physml.networks.batch_norm import BatchNorm


def moved(layer):
    """Weights unlike those at the start."""
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([1.0, -2.0, 0.5]))
        layer.bias.copy_(torch.tensor([0.1, 0.2, -0.3]))
    return layer.double()


@pytest.mark.parametrize("shape", [(3,), (3, 4), (3, 4, 5)])
def test_two_processes_with_unequal_parts_normalise_as_one(together, shape):
    whole = 2 + 3 * torch.randn(7, *shape, dtype=torch.float64)
    slope = torch.randn_like(whole)
    kind = {1: nn.BatchNorm1d, 2: nn.BatchNorm1d, 3: nn.BatchNorm2d}[len(shape)]
    expected_layer, expected_u = moved(kind(3)), whole.clone().requires_grad_()
    expected = expected_layer(expected_u)
    (slope * expected).square().sum().backward()

    def part(rows):
        layer, u = moved(BatchNorm(3)), whole[rows].clone().requires_grad_()
        v = layer(u)
        (slope[rows] * v).square().sum().backward()
        return layer, u, v

    (first, u, v), (second, other_u, other_v) = together(part, [slice(0, 5), slice(5, 7)])
    torch.testing.assert_close(torch.cat([v, other_v]), expected)
    torch.testing.assert_close(torch.cat([u.grad, other_u.grad]), expected_u.grad)
    torch.testing.assert_close(first.weight.grad + second.weight.grad, expected_layer.weight.grad)
    torch.testing.assert_close(first.bias.grad + second.bias.grad, expected_layer.bias.grad)
    for name, value in expected_layer.state_dict().items():
        torch.testing.assert_close(first.state_dict()[name], value)
        torch.testing.assert_close(second.state_dict()[name], value)
    torch.testing.assert_close(first.eval()(u), expected_layer.eval()(u))


def test_alone_it_is_the_usual_one():
    x = torch.randn(6, 3, 4)
    assert torch.equal(BatchNorm(3)(x), nn.BatchNorm1d(3)(x))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_many_numbers_of_half_precision_are_added_in_single(together, dtype):
    whole = (1 + torch.randn(4, 3, 160, 160)).to(dtype)
    expected_layer = nn.BatchNorm2d(3)
    expected = expected_layer(whole.float())

    def part(rows):
        layer = BatchNorm(3)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return layer, layer(whole[rows])

    (layer, v), (_, other) = together(part, [slice(0, 1), slice(1, 4)])
    assert v.dtype == dtype
    torch.testing.assert_close(torch.cat([v, other]).float(), expected, rtol=1e-2, atol=1e-2)
    torch.testing.assert_close(layer.running_var, expected_layer.running_var, rtol=1e-4, atol=1e-4)


def test_one_value_of_a_channel_has_no_variance(together):
    with pytest.raises(ValueError, match="expected more than one value of each channel"):
        together(lambda x: BatchNorm(3)(x), [torch.ones(1, 3), torch.ones(0, 3)])


def test_no_network_normalises_each_process_for_itself():
    folder = Path(physml.networks.__file__).parent
    assert [file.name for file in folder.glob("*.py") if "nn.BatchNorm" in file.read_text()] == []
