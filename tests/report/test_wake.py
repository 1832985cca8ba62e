import numpy as np
import pytest
import torch

from physml.networks.stream_function import StreamFunction
from physml.report.wake import plot_wake

X = torch.cartesian_prod(torch.arange(3.0), torch.linspace(1, 8, 12), torch.linspace(-2, 2, 10)).double()


class Vortex:
    """u = −y, v = 2 x: a vorticity of 3."""

    def derivatives(self, x, names):
        known = {"u_y": -1.0, "v_x": 2.0}
        return {name: torch.full((len(x),), known[name], dtype=torch.float64) for name in names}


def drawn(figure, panel):
    return np.asarray(figure.axes[panel].collections[0].get_array())


def test_vorticity_and_pressure_stand_beside_the_truth():
    truth = torch.stack([-X[:, 2], 2 * X[:, 1], X[:, 1] * X[:, 2] + X[:, 0]], dim=1)
    field = truth + torch.tensor([0.0, 0.0, 7.0])
    figure = plot_wake(Vortex(), X, field, truth)
    np.testing.assert_allclose(drawn(figure, 0), 3, atol=1e-9)
    np.testing.assert_allclose(drawn(figure, 1), 3, atol=1e-9)
    places = X[120:240]
    np.testing.assert_allclose(drawn(figure, 3).T.ravel(), places[:, 1] * places[:, 2] + 1)
    np.testing.assert_allclose(drawn(figure, 5), 0, atol=1e-9)  # but for the constant
    assert figure.get_suptitle() == "t = 1"


def test_the_points_have_to_be_a_grid():
    field = StreamFunction(["t", "x", "y"], [0.0, 1.0, -2.0], [2.0, 8.0, 2.0], hidden=[3])
    with pytest.raises(ValueError, match=r"expected all points of a grid of 3 × 12 × 10 times and places, got 359"):
        plot_wake(field, X[:-1], field(X[:-1]), field(X[:-1]))
