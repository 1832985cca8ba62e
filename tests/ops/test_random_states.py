import numpy as np
import pytest
import torch

from physml.ops.random_states import off_axes, ring


def test_a_ring_is_filled_evenly_in_its_radius_and_in_all_quadrants():
    states = ring(np.random.default_rng(0), 4000, 0.5, 2.0)
    radius = states.norm(dim=1)
    assert radius.min() >= 0.5
    assert radius.max() <= 2.0
    # 5 standard errors of the mean and of the spread of a flat distribution
    assert radius.mean().item() == pytest.approx(1.25, abs=5 * 1.5 / 12**0.5 / 4000**0.5)
    assert radius.std().item() == pytest.approx(1.5 / 12**0.5, rel=0.05)
    quadrants = torch.bincount((states > 0).long() @ torch.tensor([1, 2]), minlength=4)
    assert (quadrants - 1000).abs().max() < 5 * 1000**0.5


def test_off_the_axes_both_components_are_of_the_sizes_asked_for():
    states = off_axes(np.random.default_rng(0), 4000, 0.2, 1.0)
    size = states.abs()
    assert size.min() >= 0.2
    assert size.max() <= 1.0
    np.testing.assert_allclose(size.mean(0), 0.6, atol=5 * 0.8 / 12**0.5 / 4000**0.5)
    np.testing.assert_allclose((states > 0).double().mean(0), 0.5, atol=5 * 0.5 / 4000**0.5)
