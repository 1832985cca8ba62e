import math

import pytest
import torch
from torch import nn

from physml.ops.derivatives import curl, derivatives, divergence, gradient, hessian, jacobian, laplacian


@pytest.fixture
def network(seed):
    return nn.Sequential(nn.Linear(3, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 3)).double()


@pytest.fixture
def x(seed):
    return torch.randn(5, 3, dtype=torch.float64)


def wave(x):
    """Two outputs of t, x and y with derivatives known in closed form."""
    t, x, y = x.unbind(-1)
    return torch.stack([torch.sin(2 * t) * torch.exp(x) * y**3, t**2 + x * y], dim=-1)


def test_a_set_of_derivatives_is_that_of_calculus(x):
    names = ["u", "u_t", "u_xx", "u_yyy", "u_tyx", "u_xyt", "v_t", "v_tt", "v_ttt", "v_xy", "v"]
    found = derivatives(wave, x, names, variables="txy", outputs="uv")
    assert list(found) == names
    t, x, y = x.unbind(-1)
    u = torch.sin(2 * t) * torch.exp(x) * y**3
    u_txy = 6 * torch.cos(2 * t) * torch.exp(x) * y**2
    expected = {
        "u": u,
        "u_t": 2 * torch.cos(2 * t) * torch.exp(x) * y**3,
        "u_xx": u,
        "u_yyy": 6 * torch.sin(2 * t) * torch.exp(x),
        "u_tyx": u_txy,
        "u_xyt": u_txy,
        "v": t**2 + x * y,
        "v_t": 2 * t,
        "v_tt": torch.full_like(t, 2.0),
        "v_ttt": torch.zeros_like(t),
        "v_xy": torch.ones_like(t),
    }
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, msg=name)


def test_nothing_on_the_way_is_computed_twice(x):
    passes = []

    class Counted(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.sin()

        @staticmethod
        def backward(ctx, g):
            passes.append(None)
            return g * ctx.saved_tensors[0].cos()

    derivatives(lambda x: Counted.apply(x.sum(-1, keepdim=True)), x, ["u", "u_t", "u_x", "u_y"], variables="txy")
    assert len(passes) == 1


def test_weights_get_gradients_of_what_is_made_of_derivatives(network, x):
    found = derivatives(network, x, ["u", "u_t", "u_xx"], variables="txy", outputs="uvw")
    loss = (found["u_t"] - found["u_xx"] + found["u"]).square().mean()
    slopes = torch.autograd.grad(loss, network[0].weight)[0]
    with torch.no_grad():
        shift = torch.randn_like(network[0].weight)
        values = []
        for h in (1e-5, -1e-5):
            network[0].weight += h * shift
            found = derivatives(network, x, ["u", "u_t", "u_xx"], variables="txy", outputs="uvw")
            values.append((found["u_t"] - found["u_xx"] + found["u"]).square().mean())
            network[0].weight -= h * shift
    assert (slopes * shift).sum().item() == pytest.approx(((values[0] - values[1]) / 2e-5).item(), rel=1e-6)


def test_points_may_be_tracked_already(x):
    x.requires_grad_()
    (back,) = torch.autograd.grad(derivatives(wave, x, ["u_x"], variables="txy", outputs="uv")["u_x"].sum(), x)
    torch.testing.assert_close(back[:, 1], wave(x)[:, 0])


@pytest.mark.parametrize("forward", [False, True], ids=["reverse", "forward"])
def test_the_jacobian_is_that_of_finite_differences(network, x, forward):
    found = jacobian(network, x, forward)
    assert found.shape == (5, 3, 3)
    for column in range(3):
        step = torch.zeros(3, dtype=torch.float64)
        step[column] = 1e-5
        expected = (network(x + step) - network(x - step)) / 2e-5
        torch.testing.assert_close(found[:, :, column], expected, rtol=1e-7, atol=1e-9)


def test_second_derivatives_agree_with_each_other(network, x):
    curvature = torch.stack([hessian(lambda x, i=i: network(x)[:, i : i + 1], x) for i in range(3)], dim=1)
    torch.testing.assert_close(curvature, curvature.transpose(2, 3))
    torch.testing.assert_close(laplacian(network, x), curvature.diagonal(dim1=2, dim2=3).sum(-1))
    slopes = jacobian(network, x)
    torch.testing.assert_close(divergence(network, x), slopes.diagonal(dim1=1, dim2=2).sum(-1))
    names = ["u_xx", "v_ty", "w_yy"]
    found = derivatives(network, x, names, variables="txy", outputs="uvw")
    torch.testing.assert_close(found["u_xx"], curvature[:, 0, 1, 1])
    torch.testing.assert_close(found["v_ty"], curvature[:, 1, 0, 2])
    torch.testing.assert_close(found["w_yy"], curvature[:, 2, 2, 2])


def test_identities_of_vector_calculus(network, x):
    def potential(x):
        return network(x)[:, :1]

    torch.testing.assert_close(curl(lambda x: gradient(potential, x), x), torch.zeros(5, 3, dtype=torch.float64))
    zero = torch.zeros(5, dtype=torch.float64)
    torch.testing.assert_close(divergence(lambda x: curl(network, x), x), zero)
    torch.testing.assert_close(divergence(lambda x: gradient(potential, x), x), laplacian(potential, x)[:, 0])


def test_curl_has_the_sign_of_the_right_hand_rule(x):
    spin = torch.tensor([0.3, -1.0, 2.0], dtype=torch.float64)
    found = curl(lambda x: torch.linalg.cross(spin.expand_as(x), x), x)
    torch.testing.assert_close(found, 2 * spin.expand(5, 3))


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_they_are_the_same_where_gradients_are_switched_off(network, x, mode):
    def scalar(x):
        return network(x)[:, :1]

    def everything(x):
        sets = derivatives(network, x, ["u", "v_txx"], variables="txy", outputs="uvw")
        forward = jacobian(network, x, forward=True)
        return [*sets.values(), hessian(scalar, x), divergence(network, x), laplacian(network, x), forward]

    expected = everything(x)
    with mode():
        found = everything(x.clone())
    for one, other in zip(found, expected, strict=True):
        assert other.abs().max() > 0
        torch.testing.assert_close(one, other)


def test_a_constant_has_no_slope(x):
    found = derivatives(lambda x: torch.ones(len(x), 1), x, ["u", "u_t", "u_xx"], variables="txy")
    assert found["u_t"].tolist() == found["u_xx"].tolist() == [0.0] * 5
    assert jacobian(lambda x: torch.ones(len(x), 2), x).abs().max() == 0


@pytest.mark.parametrize("name", ["w_t", "u_z", "u_", "_t", "u_t_x"])
def test_an_unknown_derivative_is_refused(x, name):
    with pytest.raises(ValueError, match=r"expected derivatives of u, v by t, x, y, such as u_t, got"):
        derivatives(wave, x, [name], variables="txy", outputs="uv")


def test_other_columns_than_names_are_refused(x):
    with pytest.raises(ValueError, match=r"expected 2 columns, t, x, got 3"):
        derivatives(wave, x, ["u"], variables="tx", outputs="uv")
    with pytest.raises(ValueError, match=r"expected a function with 1 outputs, u, got 2"):
        derivatives(wave, x, ["u"], variables="txy")
    with pytest.raises(ValueError, match=r"expected a function with 1 output, got 2"):
        gradient(wave, x)
    with pytest.raises(ValueError, match=r"expected a field of 3 components, got 2"):
        divergence(wave, x)
    with pytest.raises(ValueError, match=r"expected a field of 2 or 3 components in as many dimensions, got 2 in 3"):
        curl(wave, x)


def test_the_lecture_example():
    def y(x):
        return 2 * x[:, :1] + x[:, :1] * torch.sin(x[:, 1:]) + x[:, 1:] ** 3

    x = torch.tensor([[1.0, 2.0]], dtype=torch.float64)
    assert y(x).item() == pytest.approx(10.9093, abs=5e-5)
    slopes = gradient(y, x)[0]
    assert slopes.tolist() == pytest.approx([2 + math.sin(2), math.cos(2) + 12])
    assert slopes.tolist() == pytest.approx([2.9093, 11.5839], abs=5e-5)
