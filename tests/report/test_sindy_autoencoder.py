from types import SimpleNamespace

import numpy as np
import torch

from physml.networks.sindy_autoencoder import SindyAutoencoder
from physml.report.sindy_autoencoder import plot_law


def test_the_law_found_and_the_true_one_lead_from_the_same_state(seed):
    network = SindyAutoencoder(features=3, variables=["a", "b", "c"], degree=1, components=3, hidden=[4])
    with torch.no_grad():  # each coordinate decays, one faster than the states do
        network.terms.weight[:, 1:] = -torch.diag(torch.tensor([2.0, 2.0, 3.0]))
    s = torch.randn(20, 3, dtype=torch.float64) + 5.0
    with torch.no_grad():
        prediction = network(s, torch.zeros_like(s))  # an untrained network's coordinates are the fields themselves
    law = SimpleNamespace(derivative=lambda state: -2 * state)
    figure = plot_law(network, s, prediction, lambda fields: fields, law, scale=10.0, time=1.0, dt=0.01)
    true, found, times = figure.axes
    true, found = (np.array(panel.lines[0].get_data_3d()) for panel in (true, found))
    assert true.shape == found.shape == (3, 101)
    assert np.abs(10 * s.numpy() - true[:, 0]).max(1).min() < 1e-12
    np.testing.assert_allclose(found[:, 0], true[:, 0])
    np.testing.assert_allclose(true[:, -1], true[:, 0] * np.exp(-2), rtol=1e-6)
    np.testing.assert_allclose(found[:, -1], found[:, 0] * np.exp([-2, -2, -3]), rtol=1e-6)
    np.testing.assert_array_equal(times.lines[0].get_ydata(), true[0])
    assert figure.get_suptitle() == "da/dt = −2 a   db/dt = −2 b   dc/dt = −3 c"
