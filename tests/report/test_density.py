import numpy as np
import pytest
import torch

from physml.networks.gaussian import Gaussian
from physml.report.density import plot_density


def test_true_and_learned_density_share_their_colours(tmp_path):
    torch.manual_seed(0)
    figure = plot_density(
        Gaussian(2), torch.randn(100, 2), truth=lambda x: -0.5 * (x**2).sum(-1) - np.log(2 * np.pi), points=30
    )
    figure.savefig(tmp_path / "density.png")
    true, learned, samples = figure.axes[:3]
    assert true.collections[0].get_clim() == learned.collections[0].get_clim()
    np.testing.assert_allclose(true.collections[0].get_array(), learned.collections[0].get_array(), rtol=1e-4)
    assert len(samples.collections[0].get_offsets()) == 2000


def test_a_network_without_samples_is_refused():
    with pytest.raises(ValueError, match="got Linear: choose network=flow"):
        plot_density(torch.nn.Linear(2, 1), torch.zeros(3, 2), truth=lambda x: x[:, 0])
