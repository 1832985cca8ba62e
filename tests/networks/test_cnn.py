"""The convolutional network's shapes, and what it can tell apart."""

import pytest
import torch

from physml.networks.cnn import CNN


@pytest.mark.parametrize("size", [(48, 48), (31, 17)])
def test_shapes_for_any_size_of_image(size):
    assert CNN(in_channels=2, classes=3, widths=[4, 8])(torch.zeros(5, 2, *size)).shape == (5, 3)


def test_events_do_not_see_each_other_in_evaluation():
    torch.manual_seed(0)
    network = CNN(1, 3, widths=[4, 8]).double().eval()
    x = torch.randn(4, 1, 16, 16, dtype=torch.float64)
    torch.testing.assert_close(network(x), torch.cat([network(image[None]) for image in x]))


def test_shift_by_a_multiple_of_the_strides_changes_nothing_inside_a_dark_frame():
    torch.manual_seed(0)
    network = CNN(1, 3, widths=[4, 8, 8]).double().eval()
    x = torch.zeros(1, 1, 64, 64, dtype=torch.float64)
    x[..., 28:36, 28:36] = torch.randn(8, 8, dtype=torch.float64)
    torch.testing.assert_close(network(x.roll(8, -1)), network(x))
    assert not torch.allclose(network(x.roll(3, -1)), network(x), rtol=1e-6)


def test_all_weights_learn():
    network = CNN(1, 3, widths=[4, 8])
    network(torch.randn(4, 1, 16, 16)).square().sum().backward()
    assert all(weight.grad.abs().sum() > 0 for weight in network.parameters() if weight.ndim > 1)
