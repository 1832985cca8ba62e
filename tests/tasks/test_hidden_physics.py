from types import SimpleNamespace

import pytest
import torch
from torch import nn

from physml.constraints.learnt_law import LearntLawResidual
from physml.constraints.softadapt import SoftAdapt
from physml.networks.field import Field
from physml.networks.hidden_physics import HiddenPhysics
from physml.tasks.hidden_physics import HiddenPhysicsTask


def make(epoch=0, law=(5,), **changes):
    field = Field(["t", "x"], [0.0, -1.0], [1.0, 1.0], outputs=["u", "v"], hidden=[6])
    network = HiddenPhysics(field, ["u", "u_x", "v_x"], rates=["u_t", "v_t"], hidden=law)
    constraints = {"learnt_law": LearntLawResidual(weight=3.0)}
    settings = {"network": network, "loss": nn.MSELoss(), "constraints": constraints}
    task = HiddenPhysicsTask(**(settings | {"field_epochs": 2, "law_epochs": 3} | changes))
    optimizer = task.configure_optimizers()
    task.optimizers = lambda: optimizer
    task._trainer = SimpleNamespace(current_epoch=epoch)
    return task


@pytest.fixture
def batch(seed):
    x = torch.rand(60, 2, dtype=torch.float64)
    moved = 2 * (x[:, 1:] - x[:, :1])
    return {"x": x, "y": torch.cat([torch.sin(moved), torch.cos(moved)], dim=1)}  # u_t = −u_x, v_t = −v_x


def weights(module):
    return torch.cat([each.detach().flatten() for each in module.parameters()])


@pytest.mark.parametrize(
    ("epoch", "moved"), [(1, ["field"]), (2, ["law"]), (4, ["law"]), (5, ["field", "law"])], ids=str
)
def test_the_field_comes_first_then_the_law_then_both(batch, epoch, moved):
    task = make()
    task._step(batch)  # of the field
    task._trainer.current_epoch = epoch
    before = {name: weights(part) for name, part in task.network.named_children()}
    task._step(batch)
    after = {name: weights(part) for name, part in task.network.named_children()}
    assert [name for name in before if not torch.equal(before[name], after[name])] == moved


@pytest.mark.parametrize("epoch", [0, 2, 5])
def test_the_sum_of_squares_is_the_part_of_the_objective_that_can_be_lowered(batch, epoch):
    task = make(epoch, decay=0.25)
    objective = task.objective(batch)
    terms = {
        "field": objective.loss,
        "law": 3 * objective.penalties["learnt_law"] + 0.25 * weights(task.network.law).square().sum(),
    }
    expected = sum(terms[name] for name, part in task.network.named_children() if part in task.parts)
    assert task._step(batch).item() == pytest.approx(expected.item())


def test_one_step_solves_a_linear_law_with_its_decay(batch):
    task = make(2, law=(), decay=0.1, damping=1e-12)
    task._step(batch)
    z, rate = (each.detach() for each in task.network.along(batch["x"]))
    a = torch.cat([z, torch.ones(60, 1)], dim=1)
    exact = torch.linalg.solve(3 * a.T @ a / 60 + 0.1 * torch.eye(4), 3 * a.T @ rate / 60)
    torch.testing.assert_close(weights(task.network.law), torch.cat([exact[:3].T.flatten(), exact[3]]))


def test_steps_of_both_lower_both(batch):
    task = make(5)
    sums = [task._step(batch).item() for _ in range(20)]
    assert sums == sorted(sums, reverse=True)
    assert sums[-1] < 0.01 * sums[0]


def test_the_scales_are_taken_when_the_field_is_done(batch, monkeypatch):
    monkeypatch.setattr(HiddenPhysicsTask, "log_dict", lambda *_: None)
    for epoch, index, taken in ((0, 0, False), (2, 0, True), (2, 1, False), (5, 0, False)):
        task = make(epoch)
        task.damping.fill_(7.0)
        task._step = lambda batch: torch.zeros(())
        task.training_step(batch, index)
        _, rate = task.network.along(batch["x"])
        assert (task.network.law.rate_scale.tolist() == pytest.approx(rate.std(0).tolist())) == taken
        assert (task.damping.item() == 0.01) == ((epoch, index) in ((2, 0), (5, 0)))


def test_other_constraints_are_refused():
    with pytest.raises(ValueError, match=r"expected one constraint, the residual of the learnt law, got 0: add"):
        make(constraints={})


def test_weights_that_depend_on_the_steps_before_are_refused():
    with pytest.raises(ValueError, match=r"expected weights that do not depend .* got SoftAdapt: set weighting=fixed"):
        make(weighting=SoftAdapt)
