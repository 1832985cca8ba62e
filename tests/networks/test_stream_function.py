import pytest
import torch

from physml.networks.embeddings import Periodic
from physml.networks.stream_function import StreamFunction
from physml.ops.derivatives import derivatives

BOX = ["t", "x", "y"], [0.0, 1.0, -2.0], [20.0, 8.0, 2.0]
NAMES = ["u", "v", "p", "u_t", "u_x", "u_y", "u_xx", "u_yy", "v_t", "v_x", "v_y", "v_xx", "v_yy", "p_x", "p_y"]


@pytest.fixture
def points(seed):
    return torch.tensor(BOX[1]) + torch.rand(20, 3, dtype=torch.float64) * torch.tensor([20.0, 7.0, 4.0])


@pytest.mark.parametrize("words", [{}, {"embedding": Periodic(0)}, {"embedding": Periodic(0), "glide": True}])
def test_derivatives_are_those_of_the_values(points, words):
    flow = StreamFunction(*BOX, hidden=[8, 8], **words)
    found, exact = flow.derivatives(points, NAMES), derivatives(flow, points, NAMES, *BOX[:1], ["u", "v", "p"])
    for name in NAMES:
        torch.testing.assert_close(found[name], exact[name], msg=lambda text, name=name: f"{name}: {text}")
        assert found[name].abs().max() > 0
    assert flow(points).shape == (20, 3)


def test_there_is_no_divergence_but_vorticity(points):
    found = StreamFunction(*BOX, hidden=[8]).derivatives(points, ["u_x", "v_y", "u_y", "v_x"])
    assert torch.equal(found["u_x"], -found["v_y"])
    assert (found["v_x"] - found["u_y"]).abs().max() > 1e-3


def test_half_a_period_later_it_is_mirrored(points):
    later = points * torch.tensor([1.0, 1.0, -1.0]) + torch.tensor([10.0, 0.0, 0.0])
    mirrored = torch.tensor([1.0, -1.0, 1.0], dtype=torch.float64)
    flow = StreamFunction(*BOX, hidden=[8], embedding=Periodic(0), glide=True)
    torch.testing.assert_close(flow(later), flow(points) * mirrored)
    plain = StreamFunction(*BOX, hidden=[8], embedding=Periodic(0))
    assert (plain(later) - plain(points) * mirrored).abs().max() > 0.1


def test_what_it_cannot_give_is_refused(points):
    with pytest.raises(ValueError, match=r"expected x, y among the variables, got t, x: name them so"):
        StreamFunction(["t", "x"], [0.0, 0.0], [1.0, 1.0])
    with pytest.raises(ValueError, match=r"expected t, x, y among the variables, got x, y: name them so"):
        StreamFunction(["x", "y"], [0.0, 0.0], [1.0, 1.0], glide=True)
    with pytest.raises(ValueError, match=r"expected a field that recurs after its box of time"):
        StreamFunction(*BOX, glide=True)
    with pytest.raises(ValueError, match=r"expected derivatives of u, v and p by t, x, y, got 'w_x': rename it"):
        StreamFunction(*BOX).derivatives(points, ["u", "w_x"])
    with pytest.raises(ValueError, match=r"expected derivatives of u, v and p by t, x, y, got 'u_z': rename it"):
        StreamFunction(*BOX).derivatives(points, ["u_z"])
