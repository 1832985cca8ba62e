import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp
from scipy.optimize import least_squares

from physml.ops.integrators import integrate
from physml.ops.monomials import exponents, monomials
from physml.ops.multiple_shooting import multiple_shooting
from physml.physics.lorenz import Lorenz

POWERS = exponents(2, 3)
TRUTH = torch.zeros(10, 2, dtype=torch.float64)  # dx/dt = v, dv/dt = −4 x − 0.3 v + 0.5 x³
TRUTH[2, 0], TRUTH[1, 1], TRUTH[2, 1], TRUTH[6, 1] = 1.0, -4.0, -0.3, 0.5
DT = 0.05
START = torch.tensor([[1.0, 0.0], [0.5, 2.0], [-1.2, 0.3]], dtype=torch.float64)


def trajectories(coefficients=TRUTH, noise=0.0, samples=80):
    x = integrate(lambda state: monomials(state, POWERS) @ coefficients, START, DT, samples - 1)
    return x + noise * torch.randn(x.shape, dtype=torch.float64)


def refine(x, coefficients, **settings):
    return multiple_shooting(x, POWERS, coefficients, DT, **{"window": 20} | settings)


def test_the_law_behind_exact_trajectories_is_found(seed):
    found = refine(trajectories(), 1.1 * TRUTH)
    torch.testing.assert_close(found.coefficients, TRUTH, rtol=1e-9, atol=0)
    assert found.noise < 1e-9


def test_it_is_the_fit_of_whole_trajectories(seed):
    # A slow reference: the start of each trajectory and the coefficients are all there is, SciPy does the rest.
    x = trajectories(noise=0.02)
    held = TRUTH != 0

    def errors(unknown):
        stiffness, one, friction, cubic = unknown[:4]  # in the order of the terms

        def rate(_, state):
            return one * state[1], stiffness * state[0] + friction * state[1] + cubic * state[0] ** 3

        runs = [
            solve_ivp(rate, (0, 4), start, t_eval=DT * np.arange(80), rtol=1e-8, atol=1e-8).y.T
            for start in unknown[4:].reshape(3, 2)
        ]
        return (np.stack(runs) - x.numpy()).ravel()

    slow = least_squares(errors, np.concatenate([TRUTH[held].numpy(), START.numpy().ravel()]), xtol=1e-10)
    noise = (2 * slow.cost / (x.numel() - 10)) ** 0.5
    spread = noise * np.linalg.inv(slow.jac.T @ slow.jac).diagonal()[:4] ** 0.5
    found = refine(x, 1.1 * TRUTH)
    np.testing.assert_allclose(found.coefficients[held].numpy(), slow.x[:4], rtol=1e-4)
    np.testing.assert_allclose(found.standard_errors[held].numpy(), spread, rtol=1e-3)
    assert found.noise == pytest.approx(noise, rel=1e-4)
    assert not found.standard_errors[~held].any()


@pytest.mark.parametrize("settings", [{"window": 80}, {"window": 10}, {"substeps": 2}], ids=str)
def test_where_the_trajectories_are_cut_does_not_matter(seed, settings):
    x = trajectories(noise=0.02)
    one, other = refine(x, 1.05 * TRUTH), refine(x, 1.05 * TRUTH, **settings)
    torch.testing.assert_close(one.coefficients, other.coefficients, rtol=1e-4, atol=0)
    torch.testing.assert_close(one.standard_errors, other.standard_errors, rtol=1e-3, atol=0)


def test_what_does_not_fill_a_window_is_left_out(seed):
    x = trajectories(noise=0.02)
    assert torch.equal(refine(x, TRUTH, window=30).coefficients, refine(x[:, :60], TRUTH, window=30).coefficients)


def test_a_chaotic_law_is_refined_in_long_trajectories(seed):
    # Over 5 units of time an error of the start grows 90-fold: shooting from it alone does not come near.
    lorenz, powers = Lorenz(), exponents(3, 2)
    truth = torch.tensor([lorenz.terms.get(tuple(row), (0.0, 0.0, 0.0)) for row in powers.tolist()]).double()
    x = lorenz.trajectory((-8.0, 8.0, 27.0), 0.005, 3999).reshape(4, 1000, 3)
    x = x + 0.1 * torch.randn(x.shape, dtype=torch.float64)
    found = multiple_shooting(x, powers, 1.01 * truth, 0.005, window=50)
    held = truth != 0
    pulls = (found.coefficients - truth)[held] / found.standard_errors[held]
    assert pulls.abs().max() < 4
    assert (found.standard_errors[held] / truth[held].abs()).max() < 4e-3
    assert found.noise == pytest.approx(0.1, rel=0.02)


def test_a_law_that_does_not_stay_finite_is_returned_as_it_was(seed):
    wrong = TRUTH.clone()
    wrong[6, 1] = 500.0
    found = refine(trajectories(), wrong)
    assert torch.equal(found.coefficients, wrong)
    assert found.standard_errors[wrong != 0].isnan().all()


def test_a_window_longer_than_the_trajectories_is_refused():
    with pytest.raises(ValueError, match=r"expected trajectories of at least 100 samples, got 80: lower window"):
        refine(trajectories(), TRUTH, window=100)


def test_fewer_values_than_unknowns_and_no_terms_are_refused():
    with pytest.raises(ValueError, match=r"expected more measured values than unknowns, got 6 for 6 unknowns"):
        refine(trajectories(samples=3)[:1], TRUTH, window=3)
    with pytest.raises(ValueError, match=r"expected a law with terms, got coefficients of 0: lower the threshold"):
        refine(trajectories(), 0 * TRUTH)
