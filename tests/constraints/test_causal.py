import math

import pytest
import torch

from physml.constraints.causal import CausalImportance
from physml.constraints.equation_residual import EquationResidual
from physml.networks.field import Field
from physml.physics.burgers import Burgers, shock_conditions
from physml.tasks.least_squares import LeastSquaresTask


def points(*times):
    return torch.tensor([[t, 7.0] for t in times], dtype=torch.float64)


def test_a_slice_counts_by_what_all_before_it_leave():
    causal = CausalImportance(1.0, 3.0, slices=4, tolerance=0.3)
    x = points(2.6, 1.1, 1.4, 1.6, 1.2, 2.4)  # slices 3, 0, 0, 1, 0, 2
    causal.observe(x, torch.tensor([9.0, 1.0, 2.0, 3.0, 1.0, 0.5], dtype=torch.float64))
    sums = [0, 2, 2 + 9, 2 + 9 + 0.25]  # means of squares are 2, 9, 0.25, 81
    found = causal(points(1.3, 1.7, 2.1, 2.9)).square()
    torch.testing.assert_close(found, torch.exp(-0.3 * torch.tensor(sums, dtype=torch.float64)))
    torch.testing.assert_close(causal(points(0.5, 1.0, 3.0, 9.0)), causal(points(1.0, 1.0, 2.9, 2.9)))


class Growth:
    """u_t = 5 (u − u³): away from 0, where it is unstable, and to 1 or −1, after the sign of the start."""

    def residual(self, u, u_t):
        return u_t - 5 * (u - u**3)


@pytest.mark.parametrize("causal", [False, True])
def test_growth_from_an_unstable_state_is_found_with_early_times_first_and_else_missed(seed, monkeypatch, causal):
    # All times at once, the field stays near 0 or changes its sign near the start: a small residual in few places.
    start, grid = 0.1, torch.linspace(0, 2, 101, dtype=torch.float64)[:, None]
    field = Field(["t"], [0.0], [2.0], hidden=[10, 10], conditions=lambda t: (torch.full_like(t, start), t))
    law = EquationResidual(Growth(), "t", importance=CausalImportance(0.0, 2.0) if causal else None)
    task = LeastSquaresTask(network=field, loss=torch.nn.MSELoss(), constraints={"law": law}, points=200)
    optimizer = task.configure_optimizers()
    monkeypatch.setattr(task, "optimizers", lambda: optimizer)
    for _ in range(5):
        points = task._draw({"x": 2 * torch.rand(1000, 1, dtype=torch.float64)})
        for _ in range(10):
            task._step(points)
    exact = start * torch.exp(5 * grid) / (1 + start**2 * torch.expm1(10 * grid)).sqrt()
    error = (field(grid) - exact).norm() / exact.norm()
    assert error < 1e-3 if causal else error > 0.5


def test_an_empty_slice_and_one_that_is_solved_let_the_next_in():
    causal = CausalImportance(0.0, 1.0, slices=3)
    causal.observe(points(0.1, 0.9), torch.tensor([0.0, 5.0]))
    assert causal(points(0.1, 0.5, 0.9)).tolist() == [1.0, 1.0, 1.0]


def test_a_complex_residual_counts_by_its_modulus():
    causal = CausalImportance(0.0, 1.0, slices=2)
    causal.observe(points(0.1), torch.tensor([0.3 + 0.4j]))
    assert causal(points(0.9)).item() == pytest.approx(math.exp(-10 * 0.25 / 2))


def test_outside_training_all_times_count_alike_and_nothing_is_learnt(seed):
    law = EquationResidual(Burgers(0.1), "tx", importance=CausalImportance(0.0, 1.0, slices=2))
    field, x = Field(["t", "x"], [0.0, -1.0], [1.0, 1.0], conditions=shock_conditions), torch.rand(200, 2).double()
    plain = EquationResidual(Burgers(0.1), "tx").residual(field, x)
    late = x[:, 0] >= 0.5
    first = plain[~late].square().mean()
    assert law.eval()(field, x).item() == pytest.approx(plain.square().mean().item())
    assert law.importance.factors.tolist() == [1.0, 1.0]
    weights = torch.where(late, torch.exp(-10 * first), 1.0)
    assert law.train()(field, x).item() == pytest.approx((weights * plain.square()).mean().item())
    torch.testing.assert_close(law.residual(field, x), weights.sqrt() * plain)


def test_the_weights_change_between_draws_and_not_within_a_step(seed, monkeypatch):
    law = EquationResidual(Burgers(0.1), "tx", importance=CausalImportance(0.0, 1.0, slices=4))
    field = Field(["t", "x"], [0.0, -1.0], [1.0, 1.0], hidden=[8], conditions=shock_conditions)
    task = LeastSquaresTask(network=field, loss=torch.nn.MSELoss(), constraints={"law": law}, points=100)
    optimizer = task.configure_optimizers()
    monkeypatch.setattr(task, "optimizers", lambda: optimizer)
    drawn = task._draw({"x": torch.rand(300, 2).double()})
    before = law.importance.factors.clone()
    assert before[0] == 1
    assert (before.diff() < 0).all()
    task._step(drawn)
    assert torch.equal(law.importance.factors, before)
    task._draw({"x": torch.rand(300, 2).double()})
    assert (law.importance.factors[1:] > before[1:]).all()  # the step has lowered the residuals
    assert "constraints.law.importance.factors" in task.state_dict()


@pytest.mark.parametrize("wrong", [{"end": 0.0}, {"slices": 0}, {"tolerance": -1.0}])
def test_nonsense_is_refused(wrong):
    with pytest.raises(ValueError, match=r"expected start < end, slices >= 1 and tolerance >= 0, got"):
        CausalImportance(**({"start": 0.0, "end": 1.0} | wrong))
