"""Learning a function of given inputs from given targets, under physical constraints."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn
from torchmetrics import Metric

from physml.constraints.fixed import FixedWeighting
from physml.ops.named import call, parameters

Batch = Mapping[str, Tensor]


class Objective(NamedTuple):
    """The terms of J for one batch, and the arrays they were computed from."""

    total: Tensor
    loss: Tensor
    penalties: dict[str, Tensor]
    gammas: dict[str, Tensor | float]
    arrays: dict[str, Any]


class SupervisedTask(LightningModule):
    r"""One step of minimising a loss with physical constraints.

    .. math:: J(w) = L(y, \hat y) + \lambda \lVert w \rVert^2 + \sum_k \gamma_k \, \Omega_k(\hat y, \Phi),
              \qquad \hat y = f(x; w)

    The network, the loss, the constraints and the metrics are called by name: each reads those arrays of the batch that
    its parameters name. Besides the batch there are ``prediction`` (ŷ; ``input`` in the losses of torch), ``target``
    (y) and ``network`` (f).

    Args:
        network: f, with weights w.
        loss: L, which returns a scalar.
        optimizer: Makes the optimizer from the weights. Its ``weight_decay`` is 2 λ where it adds to the gradient
            (Adam, SGD); AdamW shrinks the weights beside the gradient step instead.
        scheduler: Makes the schedule of the learning rate from the optimizer, stepped after each batch; it is told
            ``total_steps`` if it asks for them.
        constraints: Ω_k by name; each returns a scalar and has a ``weight``, its nominal γ_k.
        weighting: Decides the γ_k of a step; the nominal ones if not given.
        metrics: Figures of merit by name, for validation and test; each has ``update(arrays)``, ``compute()``,
            ``uncertainty()`` and ``unit``.
        test_arrays: Further arrays by name, computed once for each batch of the test from its arrays; one of these is
            ``batch``, all arrays of the batch by name.
        test_metrics: Figures of merit of the test alone, which may read `test_arrays`.
    """

    def __init__(
        self,
        network: nn.Module,
        loss: nn.Module,
        optimizer: Callable[..., torch.optim.Optimizer],
        scheduler: Callable[..., torch.optim.lr_scheduler.LRScheduler] | None = None,
        constraints: Mapping[str, nn.Module] | None = None,
        weighting: nn.Module | None = None,
        metrics: Mapping[str, Metric] | None = None,
        test_arrays: Mapping[str, Callable[..., Tensor]] | None = None,
        test_metrics: Mapping[str, Metric] | None = None,
    ) -> None:
        super().__init__()
        self.network, self.loss = network, loss
        self.constraints = nn.ModuleDict(constraints or {})
        self.weighting = weighting or FixedWeighting()
        self.metrics = nn.ModuleDict(metrics or {})
        self.test_arrays, self.test_metrics = dict(test_arrays or {}), nn.ModuleDict(test_metrics or {})
        self._make_optimizer, self._make_scheduler = optimizer, scheduler
        self._total_steps = 0
        self.results: dict[str, dict[str, Any]] = {}  # what the last test found: value, uncertainty and unit by name

    def forward(self, batch: Batch) -> Any:
        """Return the prediction ŷ = f(x; w) for a batch."""
        return call(self.network, batch)

    def objective(self, batch: Batch) -> Objective:
        """Return J and its terms for a batch."""
        prediction = self(batch)
        arrays = {**batch, "prediction": prediction, "input": prediction, "network": self.network}
        if "y" in batch:
            arrays["target"] = batch["y"]
        loss = call(self.loss, arrays)
        penalties = {name: call(law, arrays) for name, law in self.constraints.items()}
        weights = {name: law.weight for name, law in self.constraints.items()}
        gammas = self.weighting(weights, penalties, self.progress)
        total = loss + sum(gammas[name] * penalties[name] for name in penalties)
        return Objective(total, loss, penalties, gammas, arrays)

    @property
    def progress(self) -> float:
        """Return how much of the training is done, from 0 to 1; 0 before the first one."""
        return min(1.0, self.global_step / self._total_steps) if self._total_steps else 0.0

    def on_fit_start(self) -> None:
        """Learn how many steps the training will have.

        Raises:
            ValueError: Constraints are weighted by the progress of a training that has no end.
        """
        self._total_steps = self._steps() if self.constraints else 0

    def on_train_start(self) -> None:
        """Let a resumed training go on at the batch where it stopped."""
        # Lightning does not tell loaders the position it has read if they were set up before (as they are when somebody
        # asks for the number of steps) or if the epoch was over. They look at it when the first batch is asked for.
        loop = self.trainer.fit_loop
        if loop._combined_loader_states_to_load:
            loop._combined_loader._load_state_dicts(loop._combined_loader_states_to_load)
            loop._combined_loader_states_to_load = []

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """Return J, and log its terms at the steps that the trainer logs."""
        objective = self.objective(batch)
        if (self.global_step + 1) % self.trainer.log_every_n_steps == 0:
            self.log_dict(_terms("train", objective), batch_size=_events(batch))
        return objective.total

    def validation_step(self, batch: Batch, index: int) -> None:
        """Add a batch to the validation's terms and metrics."""
        self._evaluate("val", batch)

    def on_validation_epoch_end(self) -> None:
        """Log the metrics of the validation data."""
        for name, metric in self.metrics.items():
            self.log(f"val/{name}", metric.compute().float().to(self.device), sync_dist=True)
            metric.reset()

    def test_step(self, batch: Batch, index: int) -> None:
        """Add a batch to the test's terms and metrics."""
        arrays = self._evaluate("test", batch)
        further = {name: call(function, arrays | {"batch": batch}) for name, function in self.test_arrays.items()}
        for metric in self.test_metrics.values():
            metric.update(arrays | further)

    def on_test_epoch_end(self) -> None:
        """Log the metrics of the test data, and keep them with their uncertainties and units."""
        self.results = {}
        for name, metric in [*self.metrics.items(), *self.test_metrics.items()]:
            value, uncertainty = metric.compute(), metric.uncertainty()
            metric.reset()
            self.log(f"test/{name}", value.float().to(self.device), sync_dist=True)
            self.results[name] = {"value": float(value), "uncertainty": float(uncertainty), "unit": metric.unit}

    def predict_step(self, batch: Batch, index: int) -> dict[str, Tensor]:
        """Return the prediction for a batch as arrays by name."""
        prediction = self(batch)
        return prediction._asdict() if hasattr(prediction, "_asdict") else {"prediction": prediction}

    def configure_optimizers(self) -> Any:
        """Return the optimizer, and the schedule of its learning rate."""
        optimizer = self._make_optimizer(params=self.parameters())
        if self._make_scheduler is None:
            return optimizer
        known = {"optimizer": optimizer}
        if "total_steps" in parameters(self._make_scheduler):
            known["total_steps"] = self._steps()
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": self._make_scheduler(**known), "interval": "step"},
        }

    def _steps(self) -> int:
        steps = self.trainer.estimated_stepping_batches
        if steps == float("inf"):
            raise ValueError("the training has no end: expected trainer.max_epochs or trainer.max_steps to be set")
        return int(steps)

    def _evaluate(self, stage: str, batch: Batch) -> dict[str, Any]:
        objective = self.objective(batch)
        self.log_dict(_terms(stage, objective), batch_size=_events(batch), sync_dist=True, on_step=False, on_epoch=True)
        for metric in self.metrics.values():
            metric.update(objective.arrays)
        return objective.arrays


def _terms(stage: str, objective: Objective) -> dict[str, Tensor | float]:
    terms = {f"{stage}/J": objective.total.detach(), f"{stage}/loss": objective.loss.detach()}
    for name, penalty in objective.penalties.items():
        terms[f"{stage}/omega/{name}"] = penalty.detach()
        terms[f"{stage}/gamma/{name}"] = float(objective.gammas[name])
    return terms


def _events(batch: Batch) -> int:
    return len(batch["offsets"]) - 1 if "offsets" in batch else len(batch["x"])
