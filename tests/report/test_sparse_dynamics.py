import torch

from physml.metrics.sparse_dynamics import true_coefficients
from physml.networks.sparse_dynamics import SparseDynamics
from physml.physics.lorenz import Lorenz
from physml.report.sparse_dynamics import plot_coefficients, plot_forecast


def law():
    network = SparseDynamics(["x", "y", "z"], degree=2)
    network.coefficients.data.copy_(true_coefficients(Lorenz(), network))
    return network


def test_wrong_terms_are_named_and_errors_are_relative():
    network = law()
    network.coefficients.data[network.terms.index("x z"), 1] = -1.25
    network.coefficients.data[network.terms.index("y z"), 1] = 0.5
    network.coefficients.data[network.terms.index("y"), 0] = 0
    panel = plot_coefficients(network, Lorenz()).axes[0]
    labels = [label.get_text() for label in panel.get_yticklabels()]
    notes = dict(zip(labels, (text.get_text() for text in panel.texts), strict=True))
    assert len(labels) == 8
    assert notes["x z in dy/dt"] == "2.5e-01"
    assert notes["y z in dy/dt"] == notes["y in dx/dt"] == "wrong term"
    assert notes["x in dx/dt"] == "0.0e+00"


def test_the_true_law_follows_the_truth():
    x = Lorenz().trajectory((-8.0, 8.0, 27.0), 1e-3, 999).reshape(2, 500, 3)
    truth, found = plot_forecast(law(), x, dt=1e-3).axes[0].lines
    assert len(found.get_ydata()) == 1000
    torch.testing.assert_close(torch.tensor(found.get_ydata()), torch.tensor(truth.get_ydata()), rtol=0, atol=1e-5)
