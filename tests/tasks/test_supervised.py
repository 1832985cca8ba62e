from collections import namedtuple
from functools import partial

import pytest
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import CSVLogger
from torch import nn

from physml.constraints.fixed import FixedWeighting
from physml.constraints.scheduled import ScheduledWeighting
from physml.data.arrays import Arrays
from physml.data.loader import BatchLoader
from physml.metrics.sample_mean import SampleMean
from physml.report.learning_curves import read_curves
from physml.runs.quiet import quiet
from physml.tasks.schedules import cosine
from physml.tasks.supervised import SupervisedTask


class Linear(nn.Module):
    def __init__(self):
        super().__init__()
        self.map = nn.Linear(3, 2, dtype=torch.float64)

    def forward(self, x):
        return self.map(x)


class Lazy(Linear):
    def __init__(self):
        super().__init__()
        self.map = nn.LazyLinear(2, dtype=torch.float64)


class Norm(nn.Module):
    """Ω = ⟨ŷ²⟩."""

    def __init__(self, weight):
        super().__init__()
        self.weight = weight

    def forward(self, prediction):
        return prediction.square().mean()


class Slope(nn.Module):
    """Ω = ⟨(∂f/∂x)²⟩, read off the network itself."""

    weight = 0.3

    def forward(self, network, x):
        step = torch.zeros_like(x)
        step[:, 0] = 1.0
        return (network(x + step) - network(x)).square().mean()


def error(prediction, target):
    return (prediction - target).abs().mean(dim=1)


SGD = partial(torch.optim.SGD, lr=0.1)


def make(**changes):
    settings = {"network": Linear(), "loss": nn.MSELoss(), "optimizer": SGD} | changes
    return SupervisedTask(**settings)


def events(count=12):
    return Arrays(
        events={"x": torch.randn(count, 3, dtype=torch.float64), "y": torch.randn(count, 2, dtype=torch.float64)}
    )


def batch():
    return events()[slice(0, 5)]


def trainer(tmp_path, **settings):
    quiet()
    defaults = {
        "accelerator": "cpu",
        "logger": CSVLogger(tmp_path, name="", version=""),
        "max_epochs": 2,
        "log_every_n_steps": 1,
        "num_sanity_val_steps": 0,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "enable_checkpointing": False,
        "default_root_dir": tmp_path,
    }
    return Trainer(**defaults | settings)


def fit(task, tmp_path, data, batch_size, **settings):
    loop = trainer(tmp_path, **settings)
    loop.fit(task, BatchLoader(data, batch_size), BatchLoader(data, batch_size))
    return loop


def by_hand(task, batch):
    """J, written out."""
    prediction = task.network(batch["x"])
    total = (prediction - batch["y"]).square().mean()
    for law in task.constraints.values():
        omega = law(prediction) if isinstance(law, Norm) else law(task.network, batch["x"])
        total = total + law.weight * omega
    return total


def test_the_objective_is_the_sum_of_its_terms_to_the_last_digit():
    task = make(constraints={"norm": Norm(0.7), "slope": Slope()})
    arrays = batch()
    objective = task.objective(arrays)
    assert torch.equal(objective.total, by_hand(task, arrays))
    assert objective.gammas == {"norm": 0.7, "slope": 0.3}
    assert torch.equal(objective.penalties["norm"], task(arrays).square().mean())
    assert objective.total != make(network=task.network, constraints={"norm": Norm(0.7)}).objective(arrays).total


def test_without_constraints_the_objective_is_the_loss():
    objective = make().objective(batch())
    assert torch.equal(objective.total, objective.loss)
    assert objective.penalties == {}


class Shifted(Linear):
    def forward(self, x, shift=None):
        return self.map(x if shift is None else x + shift)


def test_arrays_of_the_training_are_read_in_training_alone(tmp_path):
    shifts = []

    def shift(x):
        shifts.append(torch.randn_like(x))
        return shifts[-1]

    task, data = make(network=Shifted(), training_arrays={"shift": shift}), events(12)
    weights = [value.detach().clone() for value in task.network.parameters()]
    loop = fit(task, tmp_path, data, 5, max_epochs=1)
    assert [len(drawn) for drawn in shifts] == [5, 5, 2]  # once a batch, and none in validation
    with torch.no_grad():
        expected = (task.network(data.events["x"]) - data.events["y"]).square().mean()
    assert float(loop.callback_metrics["val/loss"]) == pytest.approx(float(expected))
    # What was learnt is the regression at the shifted places.
    network = Linear()
    for value, before in zip(network.parameters(), weights, strict=True):
        value.data = before
    optimizer = SGD(network.parameters())
    for x, y, drawn in zip(data.events["x"].split(5), data.events["y"].split(5), shifts, strict=True):
        optimizer.zero_grad()
        (network(x + drawn) - y).square().mean().backward()
        optimizer.step()
    for value, learnt in zip(network.parameters(), task.network.parameters(), strict=True):
        torch.testing.assert_close(value, learnt, rtol=1e-13, atol=1e-13)


def test_a_step_follows_the_gradient_of_the_whole_objective(tmp_path):
    decay = 0.5
    task = make(constraints={"norm": Norm(2.0)}, optimizer=partial(SGD, weight_decay=decay))
    arrays = events(5)
    weights = {name: value.detach().clone().requires_grad_() for name, value in task.network.named_parameters()}
    prediction = arrays.events["x"] @ weights["map.weight"].T + weights["map.bias"]
    objective = (prediction - arrays.events["y"]).square().mean() + 2.0 * prediction.square().mean()
    objective = objective + decay / 2 * sum(value.square().sum() for value in weights.values())
    gradients = torch.autograd.grad(objective, list(weights.values()))
    fit(task, tmp_path, arrays, 5, max_epochs=1, logger=False)
    for (name, before), gradient in zip(weights.items(), gradients, strict=True):
        torch.testing.assert_close(task.network.get_parameter(name), before - 0.1 * gradient, rtol=1e-13, atol=1e-13)


def test_each_term_is_logged_by_its_name(tmp_path):
    task = make(
        constraints={"norm": Norm(0.5)},
        weighting=ScheduledWeighting(start=0.0, end=1.0),
        metrics={"error": SampleMean(error, unit="m")},
    )
    loop = trainer(tmp_path)
    loop.fit(task, BatchLoader(events(), 6), BatchLoader(events(7), 4))
    loop.test(task, BatchLoader(events(7), 4), verbose=False)
    curves = read_curves(tmp_path / "metrics.csv")
    for stage in ("train", "val", "test"):
        assert {f"{stage}/{name}" for name in ("J", "loss", "omega/norm", "gamma/norm")} <= curves.keys()
    # Two epochs of two steps: a quarter of the ramp before each.
    assert curves["train/gamma/norm"] == ([0, 1, 2, 3], [0.0, 0.125, 0.25, 0.375])
    total, loss, omega, gamma = (curves[f"train/{name}"][1] for name in ("J", "loss", "omega/norm", "gamma/norm"))
    assert total == pytest.approx([a + b * c for a, b, c in zip(loss, gamma, omega, strict=True)], rel=1e-6)
    assert {"val/error", "test/error"} <= curves.keys()


def test_terms_of_uneven_batches_are_averaged_over_events(tmp_path):
    task, data = make(), events(7)
    loop = trainer(tmp_path)
    loop.test(task, BatchLoader(data, 4), verbose=False)
    expected = task.objective(data[slice(None)]).total.detach()
    assert float(loop.logged_metrics["test/J"]) == pytest.approx(float(expected), rel=1e-6)


def test_the_test_leaves_values_with_uncertainty_and_unit(tmp_path):
    task, data = make(metrics={"error": SampleMean(error, unit="m")}), events(7)
    for _ in range(2):  # the second test does not count the first one's events again
        trainer(tmp_path, logger=False).test(task, BatchLoader(data, 4), verbose=False)
    values = error(task(data.events), data.events["y"]).detach()
    found = task.results["error"]
    assert found["value"] == pytest.approx(float(values.mean()))
    assert found["uncertainty"] == pytest.approx(float(values.std() / 7**0.5))
    assert found["unit"] == "m"


def test_progress_goes_from_0_to_1(tmp_path):
    seen = []

    class Spy(FixedWeighting):
        def forward(self, weights, penalties, progress):
            seen.append(progress)
            return super().forward(weights, penalties, progress)

    task = make(constraints={"norm": Norm(1.0)}, weighting=Spy())
    assert task.progress == 0.0
    fit(task, tmp_path, events(), 3, logger=False, accumulate_grad_batches=2, limit_val_batches=0)
    assert seen == [0.0, 0.0, 0.25, 0.25, 0.5, 0.5, 0.75, 0.75]
    assert task.progress == 1.0


def test_a_training_without_end_has_no_progress(tmp_path):
    endless = {"logger": False, "max_epochs": -1, "max_steps": -1}
    with pytest.raises(
        ValueError, match=r"the training has no end: expected trainer\.max_epochs or trainer\.max_steps"
    ):
        fit(make(constraints={"norm": Norm(1.0)}), tmp_path, events(), 3, **endless)
    with pytest.raises(ValueError, match="the training has no end"):
        fit(make(scheduler=cosine), tmp_path, events(), 3, **endless)


def test_a_schedule_is_told_the_steps_of_the_whole_training(tmp_path):
    task = make(scheduler=partial(torch.optim.lr_scheduler.OneCycleLR, max_lr=0.1))
    loop = fit(task, tmp_path, events(), 3, logger=False)
    assert loop.lr_scheduler_configs[0].scheduler.total_steps == 8
    assert loop.lr_scheduler_configs[0].interval == "step"
    assert loop.lr_scheduler_configs[0].scheduler.last_epoch == 8


def test_a_schedule_that_asks_for_no_steps_gets_none(tmp_path):
    task = make(scheduler=partial(torch.optim.lr_scheduler.ExponentialLR, gamma=0.5))
    fit(task, tmp_path, events(), 3, logger=False)
    assert task.optimizers().param_groups[0]["lr"] == pytest.approx(0.1 * 0.5**8)


def test_our_schedule_is_one_of_them(tmp_path):
    task = make(scheduler=partial(cosine, final=0.25))
    fit(task, tmp_path, events(), 3, logger=False)
    assert task.optimizers().param_groups[0]["lr"] == pytest.approx(0.025)


def test_predictions_are_arrays_by_name():
    Pair = namedtuple("Pair", ["image", "latent"])

    class Two(Linear):
        def forward(self, x):
            return Pair(self.map(x), x)

    arrays = {"x": torch.randn(4, 3, dtype=torch.float64)}
    assert list(make().predict_step(arrays, 0)) == ["prediction"]
    assert list(make(network=Two()).predict_step(arrays, 0)) == ["image", "latent"]


def test_learning_without_targets():
    class Density(nn.Module):
        def forward(self, prediction):
            return prediction.square().mean()

    objective = make(loss=Density()).objective({"x": torch.randn(4, 3, dtype=torch.float64)})
    assert objective.total.ndim == 0
    assert "target" not in objective.arrays


def test_an_array_that_is_not_there():
    class Charged(Linear):
        def forward(self, x, charge):
            return charge * self.map(x)

    with pytest.raises(TypeError, match="Charged reads 'charge', but there is only x, y"):
        make(network=Charged()).objective(batch())


class Asks(nn.Module):
    """A weighting that keeps what it is given, and weighs L too."""

    def __init__(self, names):
        super().__init__()
        self.names = names

    def forward(self, terms, weights, gradients, laws, arrays):
        self.terms, self.weights, self.laws, self.arrays = terms, weights, laws, arrays
        self.rows = gradients(terms) if self.training else None
        return {"loss": 2.0, **weights}


def test_a_weighting_is_given_what_it_names(tmp_path):
    task, arrays = make(constraints={"norm": Norm(0.7), "slope": Slope()}, weighting=Asks), batch()
    objective = task.objective(arrays)
    asked = task.weighting
    assert asked.names == ["norm", "slope"]
    assert asked.weights == {"norm": 0.7, "slope": 0.3}
    assert asked.laws == {"loss": task.loss, **task.constraints}
    assert asked.arrays["target"] is arrays["y"]
    terms = [objective.loss, 0.7 * objective.penalties["norm"], 0.3 * objective.penalties["slope"]]
    torch.testing.assert_close(asked.terms, torch.stack(terms))
    torch.testing.assert_close(objective.total, 2 * terms[0] + terms[1] + terms[2])
    weights = list(task.network.parameters())
    for row, term in zip(asked.rows, terms, strict=True):
        # The slope does not depend on the bias.
        expected = torch.autograd.grad(term, weights, retain_graph=True, allow_unused=True, materialize_grads=True)
        torch.testing.assert_close(row, torch.cat([each.flatten() for each in expected]))
    objective.total.backward()  # the graph is still there


def test_the_weight_of_the_loss_is_logged(tmp_path):
    fit(make(constraints={"norm": Norm(0.5)}, weighting=Asks), tmp_path, events(), 6)
    curves = read_curves(tmp_path / "metrics.csv")
    assert curves["train/gamma/loss"][1] == [2.0] * 4
    assert curves["train/J"][1] == pytest.approx(
        [2 * a + 0.5 * b for a, b in zip(curves["train/loss"][1], curves["train/omega/norm"][1], strict=True)]
    )


def test_a_constraint_cannot_have_the_name_of_the_loss():
    with pytest.raises(ValueError, match="expected another name for the constraint 'loss'"):
        make(constraints={"loss": Norm(1.0)})


@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
def test_a_layer_without_weights_is_refused():
    with pytest.raises(ValueError, match=r"got none in 1.weight of shape \(2, 0\): raise the size"):
        make(network=nn.Sequential(nn.Identity(), nn.Linear(0, 2)))


def test_a_layer_whose_size_is_not_known_yet_is_none():
    task = make(network=Lazy())
    task.objective(batch())
    assert task.network.map.weight.shape == (2, 3)


def test_gradients_are_refused_where_the_trainer_does_not_give_them(tmp_path, monkeypatch):
    task = make(constraints={"norm": Norm(0.5)}, weighting=Asks)
    task.trainer = trainer(tmp_path, logger=False)
    task._refuse_gradients_out_of_reach()
    monkeypatch.setattr(type(task.trainer), "precision", "16-mixed")
    with pytest.raises(ValueError, match=r"Asks needs the gradient of each term.*set trainer\.precision=bf16-mixed"):
        task._refuse_gradients_out_of_reach()
    monkeypatch.setattr(type(task.trainer), "precision", "32-true")
    monkeypatch.setattr("physml.tasks.supervised.FSDPModule", type(task.network))
    with pytest.raises(ValueError, match=r"expected whole weights in each process, got sharded ones: set trainer=ddp"):
        task._refuse_gradients_out_of_reach()


def test_weights_outside_a_shared_network_are_refused():
    task = make(constraints={"norm": Norm(0.5)})
    task.constraints["norm"].coefficient = nn.Parameter(torch.ones(()))
    task.configure_model()
    task._device_mesh = object()
    with pytest.raises(ValueError, match=r"expected all weights in the network.*constraints\.norm\.coefficient: set"):
        task.configure_model()


def test_processes_agree_on_terms_in_training_alone(monkeypatch):
    task, reduced = make(constraints={"norm": Norm(0.7)}, weighting=Asks), []
    monkeypatch.setattr(task, "_over_processes", lambda values: reduced.append(values) or values)
    task.eval().objective(batch())  # as often as a process has batches
    assert not reduced
    task.train().objective(batch())
    assert reduced
