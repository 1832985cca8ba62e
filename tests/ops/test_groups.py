"""Group axioms, uniform sampling, and the size of violations."""

import itertools

import pytest
import torch
from scipy.stats import kstest

from physml.ops.groups import DihedralImages, Permutations, Rotations, largest_violation


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def test_dihedral_images_are_a_group_of_eight():
    image = torch.arange(9.0).reshape(3, 3)
    elements = [DihedralImages.element(turns, flip) for flip in (False, True) for turns in range(4)]
    orbit = {tuple(g.on_input(image).flatten().tolist()) for g in elements}
    assert len(orbit) == 8
    products = {
        tuple(g.on_input(h.on_input(image)).flatten().tolist()) for g, h in itertools.product(elements, elements)
    }
    assert products == orbit
    for g in elements:  # each has an inverse among them
        assert any(torch.equal(h.on_input(g.on_input(image)), image) for h in elements)
    drawn = {tuple(DihedralImages().sample(image).on_input(image).flatten().tolist()) for _ in range(200)}
    assert drawn == orbit


def test_dihedral_images_leave_the_output():
    logits = torch.randn(4, 5)
    assert torch.equal(DihedralImages().sample(torch.zeros(3, 3)).on_output(logits), logits)


def matrix(element):
    """The matrix with which an element acts on single vectors."""
    return element.on_input(torch.eye(3, dtype=torch.float64)).mT


@pytest.mark.parametrize("reflections", [False, True])
def test_rotations_are_orthogonal(reflections):
    group, x = Rotations(input_vectors=1, reflections=reflections), torch.zeros(1, 3, dtype=torch.float64)
    identity = torch.eye(3, dtype=torch.float64)
    drawn = [matrix(group.sample(x)) for _ in range(40)]
    for rotation in drawn:
        torch.testing.assert_close(rotation.mT @ rotation, identity)
    signs = {round(float(torch.linalg.det(rotation))) for rotation in drawn}
    assert signs == ({-1, 1} if reflections else {1})


def test_rotations_compose_and_invert():
    group = Rotations(input_vectors=2, input_scalars=1, output_vectors=1)
    x = torch.randn(5, 4, 7, dtype=torch.float64)
    a, b = (matrix(Rotations(1).sample(x[..., :3])) for _ in range(2))
    once = group.element(a @ b).on_input(x)
    torch.testing.assert_close(group.element(a).on_input(group.element(b).on_input(x)), once)
    torch.testing.assert_close(group.element(a.mT).on_input(group.element(a).on_input(x)), x)
    # By hand: each vector turned, scalars kept.
    torch.testing.assert_close(once[1, 2, 3:6], a @ b @ x[1, 2, 3:6])
    assert torch.equal(once[..., 6], x[..., 6])


def test_rotations_are_uniform():
    group, north = Rotations(input_vectors=1, reflections=False), torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
    heights = [float(group.sample(north).on_input(north)[2]) for _ in range(2000)]
    assert kstest(heights, "uniform", args=(-1, 2)).pvalue > 1e-3
    angles = torch.rand(2000) * torch.pi  # turning by a uniform angle about a fixed axis is not uniform on the sphere
    assert kstest(angles.cos().numpy(), "uniform", args=(-1, 2)).pvalue < 1e-3


def test_permutations_move_nodes_and_outputs_together():
    x, y = torch.randn(2, 6, 3), torch.randn(2, 6, 1)
    order = torch.tensor([3, 1, 0, 2, 5, 4])
    element = Permutations().element(order)
    assert torch.equal(element.on_input(x)[:, 0], x[:, 3])
    assert torch.equal(element.on_output(y)[:, 0], y[:, 3])
    assert torch.equal(Permutations().element(order.argsort()).on_input(element.on_input(x)), x)
    assert torch.equal(Permutations(equivariant=False).element(order).on_output(y), y)


def cross(x):
    """The cross product of two vectors, which is a pseudovector."""
    return torch.linalg.cross(x[..., :3], x[..., 3:])


SYMMETRIC = {
    "mean of pixels": (lambda x: x.mean((-2, -1)), (4, 1, 6, 6), DihedralImages()),
    "inner product": (
        lambda x: (x[..., :3] * x[..., 3:6]).sum(-1, keepdim=True),
        (4, 7),
        Rotations(2, 1, output_scalars=1),
    ),
    "scaled vector": (lambda x: x[..., 6:] * x[..., :3], (4, 7), Rotations(2, 1, output_vectors=1)),
    "cross product": (cross, (4, 6), Rotations(2, output_vectors=1, reflections=False)),
    "sum of nodes": (lambda x: x.sum(-2), (4, 5, 3), Permutations(equivariant=False)),
    "distance to the mean": (lambda x: x - x.mean(-2, keepdim=True), (4, 5, 3), Permutations()),
}
BROKEN = {
    "first row": (lambda x: x[..., 0, :].mean(-1), (4, 1, 6, 6), DihedralImages()),
    "first component": (lambda x: x[..., :1], (4, 7), Rotations(2, 1, output_scalars=1)),
    "shifted vector": (lambda x: x[..., :3] + 1, (4, 7), Rotations(2, 1, output_vectors=1)),
    "cross product": (cross, (4, 6), Rotations(2, output_vectors=1, reflections=True)),
    "first node": (lambda x: x[..., 0, :], (4, 5, 3), Permutations(equivariant=False)),
    "running sum": (lambda x: x.cumsum(-2), (4, 5, 3), Permutations()),
}


@pytest.mark.parametrize("name", SYMMETRIC)
def test_symmetric_functions_have_no_violation(name):
    function, shape, group = SYMMETRIC[name]
    assert largest_violation(function, torch.randn(shape, dtype=torch.float64), group) < 1e-14


@pytest.mark.parametrize("name", BROKEN)
def test_other_functions_have(name):
    function, shape, group = BROKEN[name]
    assert largest_violation(function, torch.randn(shape, dtype=torch.float64), group) > 0.1


def test_wrong_shapes_are_refused_in_one_line():
    with pytest.raises(ValueError, match=r"expected square images .* got \(2, 3\)"):
        DihedralImages().sample(torch.zeros(2, 3))
    with pytest.raises(ValueError, match=r"expected 7 features of the input .* got 6"):
        Rotations(2, 1).sample(torch.zeros(1, 6)).on_input(torch.zeros(1, 6))
