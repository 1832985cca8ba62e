import pytest
import torch

from physml.networks.wave_series import WaveSeries
from physml.ops.derivatives import derivatives
from physml.ops.point_jacobian import point_jacobian


@pytest.fixture
def field(seed):
    return WaveSeries(["t", "x"], [1.0, -2.0], [3.0, 6.0], waves=3, outputs=["u", "v"], hidden=[6, 5], decay=0.2)


def points(count):
    return torch.tensor([1.0, -2.0]).double() + torch.rand(count, 2, dtype=torch.float64) * torch.tensor([2.0, 8.0])


def test_its_derivatives_are_those_that_automatic_differentiation_finds(field):
    x, names = points(7), ["v", "u_t", "u_x", "v_xx", "u_xxxx", "v_xt"]
    found = field.derivatives(x, names)
    exact = derivatives(field, x, names, ["t", "x"], ["u", "v"])
    assert list(found) == names
    for name in names:
        torch.testing.assert_close(found[name], exact[name], msg=name)
        assert found[name].abs().max() > 1e-3


def test_it_recurs_after_the_length_of_its_box(field):
    x = points(7)
    torch.testing.assert_close(field(x + torch.tensor([0.0, 8.0])), field(x))
    assert (field(x + torch.tensor([0.0, 4.0])) - field(x)).abs().max() > 1e-2


def test_it_holds_all_waves_up_to_the_last_and_none_above(field):
    x = torch.stack([torch.full((16,), 2.7), -2 + torch.arange(16) / 2], dim=1).double()  # one period
    size = torch.fft.rfft(field(x)[:, 1]).abs()
    assert (size[:4] > 1e-3).all()
    assert (size[4:] < 1e-13).all()


def test_without_its_cosines_it_is_odd_about_the_middle_and_still_knows_its_derivatives(seed):
    field = WaveSeries(["t", "x"], [1.0, -2.0], [3.0, 6.0], waves=3, hidden=[6], odd=True)
    x, mirror, names = points(7), torch.tensor([[0.0, 4.0]]), ["u", "u_xxx", "u_t"]
    torch.testing.assert_close(field(mirror + x * torch.tensor([1.0, -1.0])), -field(x))
    assert field(x).abs().max() > 1e-2
    found, exact = field.derivatives(x, names), derivatives(field, x, names, ["t", "x"], ["u"])
    torch.testing.assert_close(torch.stack(list(found.values())), torch.stack([exact[name] for name in names]))


def test_its_coefficients_are_measured_in_units_that_fall_with_the_wave(field):
    steep = WaveSeries(["t", "x"], [1.0, -2.0], [3.0, 6.0], waves=3, outputs=["u", "v"], hidden=[6, 5], decay=0.9)
    steep.load_state_dict(field.state_dict())
    x = torch.stack([torch.full((16,), 2.7), -2 + torch.arange(16) / 2], dim=1).double()
    one, other = (torch.fft.rfft(each(x)[:, 0]).abs()[:4] for each in (field, steep))
    torch.testing.assert_close(other / one, torch.exp(-0.7 * torch.arange(4)).double())


def test_steps_of_second_order_know_how_it_depends_on_its_weights(field):
    x = points(4)
    _, jacobian = point_jacobian(lambda: field.derivatives(x, ["u_xxxx"])["u_xxxx"][:, None], list(field.layers))
    field.zero_grad()
    field.derivatives(x, ["u_xxxx"])["u_xxxx"].sum().backward()
    slopes = torch.cat([weights.grad.flatten() for weights in field.layers.parameters()])
    torch.testing.assert_close(jacobian.sum(0), slopes)
    assert slopes.abs().max() > 1e-3


def test_unknown_derivatives_and_a_box_of_one_variable_are_refused(field):
    for name in ("w", "u_y"):
        with pytest.raises(ValueError, match=rf"expected derivatives of u, v by t, x, got '{name}': rename it"):
            field.derivatives(points(2), [name])
    with pytest.raises(ValueError, match="expected a variable beside the periodic one, got x alone"):
        WaveSeries(["x"], [0.0], [1.0], waves=2)
