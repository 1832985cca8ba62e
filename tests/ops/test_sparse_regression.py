import numpy as np
import pytest
import torch

from physml.data.lorenz import LorenzSource
from physml.ops.monomials import exponents, monomials
from physml.ops.sparse_regression import condense, ensemble, least_squares, stlsq


def problem(noise=0.0, equations=300):
    a = torch.randn(equations, 8, dtype=torch.float64) * 10.0 ** torch.arange(8)  # columns of very different size
    truth = torch.zeros(8, 2, dtype=torch.float64)
    truth[1, 0], truth[6, 0], truth[3, 1] = 2.0, -0.5, 1.0
    return a, a @ truth + noise * torch.randn(equations, 2, dtype=torch.float64), truth


def test_condensed_equations_have_the_same_solution(seed):
    a, b, _ = problem(noise=1.0)
    parts = [(a[i : i + 60], b[i : i + 60]) for i in range(0, 300, 60)]
    everything = torch.ones(8, 2, dtype=torch.bool)
    expected = torch.linalg.lstsq(a / a.norm(dim=0), b).solution / a.norm(dim=0)[:, None]
    for equations in (condense([(a, b)]), condense(parts), condense([condense([part]) for part in parts])):
        assert equations.triangle.shape == (8, 8)
        torch.testing.assert_close(least_squares(equations, everything), expected, rtol=1e-6, atol=0)


def test_fewer_equations_than_terms_can_be_condensed(seed):
    a, b, _ = problem()
    few = [condense([(a[i : i + 3], b[i : i + 3])]) for i in range(0, 300, 3)]
    assert few[0].triangle.shape == (8, 8)
    whole, _ = condense([(a, b)])
    torch.testing.assert_close(condense(few).triangle.abs(), whole.abs())


def test_the_true_terms_are_found_exactly(seed):
    a, b, truth = problem()
    found = stlsq(condense([(a, b)]), threshold=0.1)
    torch.testing.assert_close(found, truth, rtol=1e-10, atol=0)
    assert torch.equal(found != 0, truth != 0)


def test_small_terms_are_dropped_and_the_rest_solved_again(seed):
    a, b, truth = problem(noise=0.3)
    found = stlsq(condense([(a, b)]), threshold=0.1)
    assert torch.equal(found != 0, truth != 0)
    for column in range(2):
        held = truth[:, column] != 0
        expected = torch.linalg.lstsq(a[:, held], b[:, column]).solution
        torch.testing.assert_close(found[held, column], expected)


def test_a_high_threshold_leaves_nothing(seed):
    a, b, _ = problem()
    assert stlsq(condense([(a, b)]), threshold=5.0).abs().max() == 0


def test_an_ensemble_gives_the_spread_of_its_coefficients(seed):
    generator = torch.Generator().manual_seed(1)
    estimates, spreads = [], []
    for _ in range(40):
        a, b, truth = problem(noise=3.0)
        parts = [condense([(a[i : i + 10], b[i : i + 10])]) for i in range(0, 300, 10)]
        found, spread = ensemble(parts, threshold=0.1, members=20, inclusion=0.6, generator=generator)
        assert not (spread[truth == 0][found[truth == 0] == 0]).any()
        estimates.append(found[3, 1])
        spreads.append(spread[3, 1])
    assert torch.stack(spreads).mean().item() == pytest.approx(torch.stack(estimates).std().item(), rel=0.35)


def test_terms_that_few_members_hold_are_left_out(seed):
    a, b, truth = problem()
    b = b + 0.105 * a[:, :1] * (torch.arange(300) < 60)[:, None]  # a term in a fifth of the data
    parts = [condense([(a[i : i + 60], b[i : i + 60])]) for i in range(0, 300, 60)]
    generator = torch.Generator().manual_seed(1)
    found, _ = ensemble(parts, threshold=0.03, members=50, inclusion=0.9, generator=generator)
    assert torch.equal(found != 0, truth != 0)
    generous, _ = ensemble(parts, threshold=0.01, members=50, inclusion=0.5, generator=generator)
    assert generous[0].abs().min() > 0


@pytest.mark.parametrize(
    ("noise", "threshold"),
    [
        ({}, 0.025),
        ({"derivative_noise": 0.1}, 0.025),
        ({"state_noise": 0.01, "derivative_noise": 1.0}, 0.5),
    ],
    ids=str,
)
def test_pysindy_finds_the_same(noise, threshold):
    pysindy = pytest.importorskip("pysindy", reason="pysindy is a rival and no dependency: pip install pysindy")
    arrays = LorenzSource(samples=4000, **noise)(1, np.random.default_rng(1)).events
    x, v = arrays["x"][0], arrays["y"][0]
    ours = stlsq(condense([(monomials(x, exponents(3, 5)), v)]), threshold)
    model = pysindy.SINDy(
        optimizer=pysindy.STLSQ(threshold=threshold, alpha=0.0, max_iter=100),
        feature_library=pysindy.PolynomialLibrary(degree=5),
    )
    model.fit(x.numpy(), t=1e-3, x_dot=v.numpy())
    theirs = torch.from_numpy(model.coefficients()).T
    assert torch.equal(ours != 0, theirs != 0)
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=0)
