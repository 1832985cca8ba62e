import pytest
import torch

from physml.networks.embeddings import Periodic
from physml.networks.marching_field import MarchingField
from physml.ops.derivatives import derivatives
from physml.physics.burgers import shock_conditions
from physml.physics.wave import string_conditions

NAMES = ["u", "u_t", "u_x", "u_xx"]


def field(windows=3, **changes):
    settings = {"conditions": shock_conditions, "windows": windows, "hidden": [6]} | changes
    return MarchingField(["t", "x"], [0.5, -1.0], [2.0, 1.0], **settings)


def conditions(tx):
    """Starts as sin πx at t = 0.5, and has no walls."""
    return torch.sin(torch.pi * tx[:, 1:]), tx[:, :1] - 0.5


def points(count=40):
    return torch.tensor([0.5, -1.0]) + torch.rand(count, 2, dtype=torch.float64) * torch.tensor([1.5, 2.0])


def test_it_starts_as_given_and_is_continuous(seed):
    march, x = field(conditions=conditions), torch.linspace(-1, 1, 9, dtype=torch.float64)
    start = march(torch.stack([torch.full((9,), 0.5), x], dim=1))
    torch.testing.assert_close(start[:, 0], torch.sin(torch.pi * x))
    for edge in (1.0, 1.5):
        before, after = (
            march(torch.stack([torch.full((9,), t, dtype=torch.float64), x], dim=1)) for t in (edge - 1e-9, edge)
        )
        torch.testing.assert_close(before, after, rtol=0, atol=1e-7)
        assert (after - start).abs().max() > 0.05


def test_walls_hold_in_all_windows(seed):
    march = field()
    for wall in (-1.0, 1.0):
        t = torch.linspace(0.5, 2, 20, dtype=torch.float64)
        assert march(torch.stack([t, torch.full((20,), wall)], dim=1)).abs().max() < 1e-14


def test_derivatives_are_those_of_the_values(seed):
    march, x = field(conditions=conditions), points()
    expected = derivatives(march, x, NAMES, ["t", "x"], ["u"])
    for name, found in march.derivatives(x, NAMES).items():
        torch.testing.assert_close(found, expected[name], msg=name)
    summed = march.derivatives(x, ["u"], {"heat": {"u_t": 1.0, "u_xx": -0.5}})
    assert list(summed) == ["u", "heat"]
    torch.testing.assert_close(summed["heat"], expected["u_t"] - 0.5 * expected["u_xx"])


def test_each_point_is_of_its_own_window(seed):
    march, x = field(), points()
    whole = march(x)
    for row, expected in zip(x, whole, strict=True):
        torch.testing.assert_close(march(row[None])[0], expected)
    with torch.no_grad():
        march.fields[2].layers[0].weight += 1.0
    late = x[:, 0] >= 1.5
    assert torch.equal(march(x)[~late], whole[~late])
    assert (march(x)[late] - whole[late]).abs().max() > 0.01


def test_the_windows_before_are_data_to_the_one_that_is_learnt(seed):
    march = field(conditions=conditions)
    march.window = 1
    found = march.derivatives(march.within_window(points()), NAMES)
    sum(value.square().sum() for value in found.values()).backward()
    learnt = {id(weights) for layer in march.layers for weights in layer.parameters()}
    for weights in march.parameters():
        assert (weights.grad is not None) == (id(weights) in learnt)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_points_are_moved_into_the_window(seed, dtype):
    march, x = field(), torch.tensor([[0.5, -1.0], [1.25, 0.3], [2.0, 1.0]], dtype=dtype)
    march.window = 1
    moved = march.within_window(x)
    torch.testing.assert_close(moved[:, 0], torch.tensor([1.0, 1.25, 1.5], dtype=torch.float64))
    assert torch.equal(moved[:, 1], x[:, 1].double())
    assert moved[-1, 0] < 1.5  # of this window, not of the next


def test_symmetries_hold(seed):
    march, x = field(conditions=conditions, embedding=Periodic(1, 2)), points()
    further = x + torch.tensor([0.0, 2.0])
    torch.testing.assert_close(march(x), march(further))


def test_what_cannot_be_marched_through():
    with pytest.raises(ValueError, match="one without a slope at the start: only equations of first order in time"):
        MarchingField(["t", "x"], [0.0, 0.0], [1.0, 1.0], string_conditions)
    MarchingField(["t", "x"], [0.0, -1.0], [1.0, 1.0], lambda tx: (tx[:, 1:], tx[:, :1] * tx[:, 1:]))  # 0 in the middle
    with pytest.raises(ValueError, match="expected a window of time or more, got 0"):
        field(windows=0)
    with pytest.raises(ValueError, match="learnt one after the other: add callbacks="):
        field().layers  # noqa: B018


def test_it_stays_precise_in_mixed_precision(seed):
    march, x = field(double=False), points()
    values, slopes = march(x), march.derivatives(x, NAMES)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(march(x), values)
        torch.testing.assert_close(march.derivatives(x, NAMES), slopes)


def test_no_points_have_no_values():
    assert field()(points(0)).shape == (0, 1)


@pytest.mark.filterwarnings("ignore:.*lru_cache.*")  # what it keeps depends on the channels alone
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning")  # within torch
def test_each_window_is_compiled(seed):
    march, x = field(), points()
    expected, graphs = march.derivatives(x, ["u_t"]), []

    def backend(graph, _):
        graphs.append(graph)
        return graph.forward

    torch.compiler.reset()
    march.compile(backend=backend)
    torch.testing.assert_close(march.derivatives(x, ["u_t"]), expected)
    assert graphs
