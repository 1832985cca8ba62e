import numpy as np
import torch

from physml.networks.sindy_autoencoder import SindyAutoencoder
from physml.report.sindy_autoencoder import plot_law


def test_the_motion_starts_at_a_coordinate_and_the_law_is_written(seed):
    network = SindyAutoencoder(features=5, variables=["a", "b", "c"], degree=1, components=3, hidden=[4])
    with torch.no_grad():
        network.terms.weight[0, 1] = -2.0
    x = torch.randn(20, 5)
    with torch.no_grad():
        prediction = network(x, torch.zeros_like(x))
    figure = plot_law(network, x, prediction, lambda fields: fields[:, :3], time=1.0, dt=0.01)
    found, _ = figure.axes
    motion = torch.from_numpy(np.array(found.lines[0].get_data_3d())).T
    assert motion.shape == (101, 3)
    assert (prediction.latent - motion[0]).norm(dim=1).min() < 1e-12
    torch.testing.assert_close(motion[-1, 0], motion[0, 0] * torch.exp(torch.tensor(-2.0)), rtol=1e-6, atol=0)
    assert figure.get_suptitle().splitlines() == ["da/dt = −2 a", "db/dt = 0", "dc/dt = 0"]
