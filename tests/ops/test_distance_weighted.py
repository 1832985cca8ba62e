import pytest
import torch

from physml.ops import distance_weighted as module
from physml.ops.distance_weighted import distance_weighted
from physml.ops.neighbours import nearest_neighbours

OFFSETS = torch.tensor([0, 7, 8, 8, 12])


def slow(space, features, index, exists):
    """Compute mean and maximum as they are defined, point by point."""
    means, maxima = [], []
    for i, (row, mask) in enumerate(zip(index, exists, strict=True)):
        near = row[mask].tolist()
        messages = [torch.exp(-10 * (space[i] - space[j]).square().sum()) * features[j] for j in near]
        messages = torch.stack(messages or [torch.zeros_like(features[i])])
        means.append(messages.mean(0))
        maxima.append(messages.amax(0))
    return torch.stack(means), torch.stack(maxima)


@pytest.fixture
def problem():
    generator = torch.Generator().manual_seed(0)
    space = 0.3 * torch.randn(12, 3, dtype=torch.float64, generator=generator)
    features = torch.randn(12, 4, dtype=torch.float64, generator=generator)
    return space.requires_grad_(), features.requires_grad_(), *nearest_neighbours(space, OFFSETS, 5)


@pytest.mark.parametrize("block", [1, 50, 2**19])
def test_matches_its_definition_with_gradients(problem, monkeypatch, block):
    monkeypatch.setattr(module, "_BLOCK", block)
    directions = [torch.randn(12, 4, dtype=torch.float64) for _ in range(2)]
    results = []
    for function in (distance_weighted, slow):
        outputs = function(*problem)
        results.append((outputs, torch.autograd.grad(outputs, problem[:2], directions)))
    torch.testing.assert_close(*results)


def test_gradients_are_those_of_differences(problem):
    space, features, index, exists = problem
    assert torch.autograd.gradcheck(lambda s, f: distance_weighted(s, f, index, exists), (space, features))


@pytest.mark.parametrize("which", [0, 1])
def test_each_output_alone_has_a_gradient(problem, which):
    fast, reference = (
        torch.autograd.grad(function(*problem)[which].square().sum(), problem[:2])
        for function in (distance_weighted, slow)
    )
    torch.testing.assert_close(fast, reference)


def test_the_comparison_notices_another_neighbour(problem):
    space, features, index, exists = problem
    wrong = index.clone()
    wrong[0, 0] = 11
    with pytest.raises(AssertionError):
        torch.testing.assert_close(distance_weighted(space, features, wrong, exists), slow(*problem))


def test_a_second_derivative_is_refused(problem):
    first = torch.autograd.grad(distance_weighted(*problem)[0].sum(), problem[0], create_graph=True)[0]
    with pytest.raises(RuntimeError, match="no autograd formula was registered"):
        first.sum().backward()


def test_the_operator_keeps_to_its_contract(problem):
    torch.library.opcheck(torch.ops.physml.distance_weighted.default, problem)


def test_each_way_of_a_sum_over_edges_gives_the_same(problem):
    features, index = problem[1].detach(), problem[2]
    mean, weight = torch.randn_like(features), torch.rand(index.shape, dtype=torch.float64)
    ways = module._products, module._products_by_blocks
    torch.testing.assert_close(*(way(mean, features, index) for way in ways))
    ways = module._transposed_sum, module._transposed_sum_by_bags
    torch.testing.assert_close(*(way(weight, mean, index) for way in ways))


@pytest.mark.parametrize("counts", [[0], [1], [0, 3, 1]])
def test_few_points_or_none_are_served(counts):
    offsets = torch.tensor([0, *counts]).cumsum(0)
    space, features = torch.randn(sum(counts), 2, requires_grad=True), torch.randn(sum(counts), 3, requires_grad=True)
    index, exists = nearest_neighbours(space, offsets, 4)
    found = distance_weighted(space, features, index, exists)
    if sum(counts):
        torch.testing.assert_close(found, slow(space, features, index, exists))
    sum(found).sum().backward()
    assert space.grad.shape == space.shape
