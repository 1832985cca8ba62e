import pytest
import torch

from physml.networks.embeddings import FourierFeatures
from physml.networks.field import Field
from physml.physics.burgers import shock_conditions


def test_conditions_hold_for_all_weights(seed):
    x = torch.linspace(-1, 1, 9, dtype=torch.float64)
    for _ in range(3):
        field = Field(["t", "x"], [0.0, -1.0], [1.0, 1.0], conditions=shock_conditions)
        start = field(torch.stack([torch.zeros(9), x], dim=1))
        torch.testing.assert_close(start[:, 0], -torch.sin(torch.pi * x))
        for wall in (-1.0, 1.0):
            walls = field(torch.stack([torch.linspace(0, 1, 9), torch.full((9,), wall)], dim=1))
            assert walls.abs().max() < 1e-15


def test_single_precision_is_a_choice():
    field = Field(["t"], [0.0], [1.0], double=False)
    assert field(torch.rand(3, 1, dtype=torch.float64)).dtype == torch.float32
    assert Field(["t"], [0.0], [1.0])(torch.rand(3, 1)).dtype == torch.float64


def test_derivatives_stay_precise_in_mixed_precision(seed):
    waves, x = FourierFeatures(2), torch.rand(9, 2)
    field = Field(["t", "x"], [0.0, -1.0], [1.0, 1.0], hidden=[6, 6], embedding=waves, double=False)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = field.derivatives(x, ["u", "u_xx"])
    torch.testing.assert_close(found, field.derivatives(x, ["u", "u_xx"]))
    found["u_xx"].square().sum().backward()
    assert field.layers[0].weight.grad.dtype == torch.float32


@pytest.mark.parametrize(("lower", "upper"), [([0.0], [1.0, 1.0]), ([0.0, 1.0], [1.0, 1.0])])
def test_a_box_without_volume_is_refused(lower, upper):
    with pytest.raises(ValueError, match=r"expected a lower and a higher corner in t, x, got"):
        Field(["t", "x"], lower, upper)


@pytest.mark.parametrize("name", ["v", "u_y"])
def test_unknown_derivatives_are_refused(name):
    with pytest.raises(ValueError, match=r"expected derivatives of u by t, x, got"):
        Field(["t", "x"], [0.0, 0.0], [1.0, 1.0]).derivatives(torch.rand(3, 2), [name])


@pytest.mark.parametrize("names", [("u_t", "v_x"), ("u", "u_t"), ()])
def test_sums_are_of_derivatives_of_one_component(names):
    field = Field(["t", "x"], [0.0, 0.0], [1.0, 1.0], outputs=["u", "v"])
    with pytest.raises(ValueError, match="expected derivatives of one component in a sum, got"):
        field.derivatives(torch.rand(3, 2), [], {"sum": dict.fromkeys(names, 1.0)})


@pytest.mark.filterwarnings("ignore:.*lru_cache.*")  # what it keeps depends on the channels alone
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning")  # within torch
@pytest.mark.parametrize("names", [["u", "u_t", "u_x", "u_xx"], ["u_xxxx", "u_tx"]])
@pytest.mark.parametrize("conditions", [None, shock_conditions])
def test_derivatives_are_compiled_as_one_graph(seed, conditions, names):
    field = Field(["t", "x"], [0.0, -1.0], [1.0, 1.0], hidden=[6, 6], conditions=conditions)
    x, weight = torch.rand(9, 2).double(), field.layers[0].weight
    sums = {"sum": {"u_t": 1.0, "u_xx": -0.1}}
    expected = field.derivatives(x, names, sums)
    slopes, values = torch.autograd.grad(sum(expected.values()).square().sum(), weight), field(x)
    torch.compiler.reset()
    field.compile(backend="aot_eager", fullgraph=True)
    found = field.derivatives(x, names, sums)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(torch.autograd.grad(sum(found.values()).square().sum(), weight), slopes)
    torch.testing.assert_close(field(x), values)


def test_no_points_have_no_values(seed):
    field = Field(["t", "x"], [0.0, -1.0], [1.0, 1.0], hidden=[4], conditions=shock_conditions)
    none = torch.zeros(0, 2)
    assert field(none).shape == (0, 1)
    assert field.derivatives(none, ["u", "u_xx"])["u_xx"].shape == (0,)
