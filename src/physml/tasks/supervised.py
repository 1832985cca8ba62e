"""Learning a function of given inputs from given targets, under physical constraints."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn
from torch.distributed.fsdp import FSDPModule, fully_shard
from torchmetrics import Metric

from physml.constraints.fixed import FixedWeighting
from physml.ops.named import call, parameters
from physml.tasks.counting import counted
from physml.tasks.schedules import bring_to_step

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

    A weighting that balances all terms gives L a factor too, and then J begins with γ_loss L.

    The network, the loss, the constraints and the metrics are called by name: each reads those arrays of the batch that
    its parameters name. Besides the batch there are ``prediction`` (ŷ; ``input`` in the losses of torch), ``target``
    (y) and ``network`` (f).

    The weighting is called so, too. It may name ``weights`` (the nominal γ_k), ``penalties`` (the Ω_k), ``progress``,
    ``terms`` (L and the w_k Ω_k in one vector), ``gradients`` (maps some numbers to their gradients by w, one row each,
    computed when called), ``laws`` (L and the Ω_k themselves) and ``arrays`` (all that these may read). In training
    mode each call is a step: what it learns about the training lies in its buffers and parameters, and for the latter
    it may have a ``regulariser()``, which is added to J.

    Args:
        network: f, with weights w.
        loss: L, which returns a scalar.
        optimizer: Makes the optimizer from the weights. Its ``weight_decay`` is 2 λ where it adds to the gradient
            (Adam, SGD); AdamW shrinks the weights beside the gradient step instead.
        scheduler: Makes the schedule of the learning rate from the optimizer, stepped after each batch; it is told
            ``total_steps`` if it asks for them.
        constraints: Ω_k by name; each returns a scalar and has a ``weight``, its nominal γ_k.
        weighting: Decides the γ_k of a step, or makes what decides from the ``names`` of the constraints; the nominal
            ones if not given.
        training_arrays: Further arrays by name, computed once for each batch of the training from its arrays: noise,
            for example, that the network adds to what it reads.
        metrics: Figures of merit by name, for validation and test; each has ``update(arrays)``, ``compute()``,
            ``uncertainty()`` and ``unit``.
        test_arrays: Further arrays by name, computed once for each batch of the test from its arrays; one of these is
            ``batch``, all arrays of the batch by name.
        test_metrics: Figures of merit of the test alone, which may read `test_arrays`.

    Raises:
        ValueError: A constraint is called ``loss``, or a layer of the network has a size of 0.
    """

    saves_within_epoch = True  # whether a checkpoint within an epoch holds all that the rest of the epoch needs

    def __init__(
        self,
        network: nn.Module,
        loss: nn.Module,
        optimizer: Callable[..., torch.optim.Optimizer],
        scheduler: Callable[..., torch.optim.lr_scheduler.LRScheduler] | None = None,
        constraints: Mapping[str, nn.Module] | None = None,
        weighting: nn.Module | Callable[..., nn.Module] | None = None,
        training_arrays: Mapping[str, Callable[..., Tensor]] | None = None,
        metrics: Mapping[str, Metric] | None = None,
        test_arrays: Mapping[str, Callable[..., Tensor]] | None = None,
        test_metrics: Mapping[str, Metric] | None = None,
    ) -> None:
        super().__init__()
        for name, weights in network.named_parameters():
            if weights.ndim > 1 and not weights.numel():  # those of a lazy layer have one dimension until it is used
                raise ValueError(
                    f"expected weights of the network, got none in {name} of shape {tuple(weights.shape)}: raise the "
                    "size of the network that is 0"
                )
        self.network, self.loss = network, loss
        self.constraints = nn.ModuleDict(constraints or {})
        if "loss" in self.constraints:
            raise ValueError("expected another name for the constraint 'loss', as the loss itself has it: rename it")
        weighting = weighting or FixedWeighting()
        self.weighting = weighting if isinstance(weighting, nn.Module) else weighting(names=list(self.constraints))
        self.training_arrays, self.metrics = dict(training_arrays or {}), nn.ModuleDict(metrics or {})
        self.test_arrays, self.test_metrics = dict(test_arrays or {}), nn.ModuleDict(test_metrics or {})
        self._make_optimizer, self._make_scheduler = optimizer, scheduler
        self._total_steps, self._settings_changed = 0, False
        self._optimizer_settings: list[dict[str, Any]] = []
        self.results: dict[str, dict[str, Any]] = {}  # what the last test found: value, uncertainty and unit by name
        self.test_events = 0  # how many events it saw, in all processes together

    def compile_network(self) -> None:
        """Compile the network with ``torch.compile``, when it is first used."""
        self.network.compile()

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
        gammas = self._weigh(loss, penalties, arrays)
        total = gammas.get("loss", 1.0) * loss + sum(gammas[name] * penalties[name] for name in penalties)
        if hasattr(self.weighting, "regulariser"):
            total = total + self.weighting.regulariser()
        return Objective(total, loss, penalties, gammas, arrays)

    def _weigh(self, loss: Tensor, penalties: dict[str, Tensor], arrays: dict[str, Any]) -> dict[str, Tensor | float]:
        weights = {name: law.weight for name, law in self.constraints.items()}
        known = {"weights": weights, "penalties": penalties, "progress": self.progress, "arrays": arrays}
        known |= {"laws": {"loss": self.loss, **self.constraints}, "gradients": self._gradients}
        if "terms" in parameters(self.weighting):
            terms = torch.stack([loss, *(weights[name] * penalty for name, penalty in penalties.items())])
            if self.training:  # an evaluation may have more batches in one process than in another
                # The values are means over the processes, the gradients those of this process.
                terms = terms + (self._over_processes(terms.detach()) - terms.detach())
            known["terms"] = terms
        return call(self.weighting, known)

    def _gradients(self, values: Tensor) -> Tensor:
        """Gradients of some numbers by the weights of the network. Shapes: (n,) → (n, weights)."""
        weights = [each for each in self.network.parameters() if each.requires_grad]

        def row(value: Tensor) -> Tensor:
            parts = torch.autograd.grad(value, weights, retain_graph=True, allow_unused=True, materialize_grads=True)
            return torch.cat([part.flatten() for part in parts])

        return self._over_processes(torch.stack([row(value) for value in values]))

    def _over_processes(self, values: Tensor) -> Tensor:
        """The mean over the processes, so that all of them weigh alike."""
        if self._trainer is None or self._trainer.world_size == 1:
            return values
        return self._trainer.strategy.reduce(values, reduce_op="mean")

    @property
    def progress(self) -> float:
        """Return how much of the training is done, from 0 to 1; 0 before the first one."""
        return min(1.0, self.global_step / self._total_steps) if self._total_steps else 0.0

    def configure_model(self) -> None:
        """Share the weights of the network among the processes, where the trainer's strategy asks for it.

        Raises:
            ValueError: There are other weights, which would then drift apart.
        """
        if self.device_mesh is None or isinstance(self.network, FSDPModule):
            return
        shared = {id(weights) for weights in self.network.parameters()}
        if others := [name for name, weights in self.named_parameters() if id(weights) not in shared]:
            raise ValueError(f"expected all weights in the network, which is shared, got {others[0]}: set trainer=ddp")
        fully_shard(self.network, mesh=self.device_mesh)

    def on_fit_start(self) -> None:
        """Learn how many steps the training will have.

        Raises:
            ValueError: Constraints are weighted by the progress of a training that has no end, or by gradients that the
                trainer does not give.
        """
        self._total_steps = self._steps() if self.constraints else 0
        if "gradients" in parameters(self.weighting):
            self._refuse_gradients_out_of_reach()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take over the precision of the weights that come: Lightning loads them first and widens them then.

        If the run goes on with other settings than it was begun with, those of the optimizer and the schedule are not
        taken over.
        """
        before = checkpoint.get("hyper_parameters", {})
        self._settings_changed = any(before.get(part) != self.hparams.get(part) for part in ("task", "data", "trainer"))
        if self._settings_changed:
            checkpoint["lr_schedulers"] = []
        weights = checkpoint.get("state_dict", {})
        for name, own in self.state_dict(keep_vars=True).items():
            if own.is_floating_point() and name in weights and weights[name].dtype != own.dtype:
                own.data = own.data.to(weights[name].dtype)

    def on_train_start(self) -> None:
        """Let a resumed training go on at the batch where it stopped, with the settings that it has now."""
        if self._settings_changed:
            self._apply_settings()
        # Lightning does not tell loaders the position it has read if they were set up before (as they are when somebody
        # asks for the number of steps) or if the epoch was over. They look at it when the first batch is asked for.
        loop = self.trainer.fit_loop
        if loop._combined_loader_states_to_load:
            loop._combined_loader._load_state_dicts(loop._combined_loader_states_to_load)
            loop._combined_loader_states_to_load = []
            if loop.epoch_loop.batch_progress.current.ready >= self.trainer.num_training_batches:
                for loader in loop._combined_loader.flattened:
                    loader.leave_epoch()

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """Return J, and log its terms at the steps that the trainer logs."""
        further = {name: call(function, batch) for name, function in self.training_arrays.items()}
        objective = self.objective({**batch, **further})
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

    def on_test_start(self) -> None:
        """Count the events of the test from the first one on."""
        self.test_events = 0

    def test_step(self, batch: Batch, index: int) -> None:
        """Add a batch to the test's terms and metrics."""
        self.test_events += _events(batch)
        arrays = self._evaluate("test", batch)
        further = {name: call(function, arrays | {"batch": batch}) for name, function in self.test_arrays.items()}
        for metric in self.test_metrics.values():
            metric.update(arrays | further)

    def on_test_epoch_end(self) -> None:
        """Log the metrics of the test data, and keep them with their uncertainties and units.

        Raises:
            ValueError: An event of the test was left out, or counted in several processes.
        """
        self.test_events = counted(self.trainer, self.test_events)
        self.results = {}
        for name, metric in [*self.metrics.items(), *self.test_metrics.items()]:
            value, uncertainty = metric.compute(), metric.uncertainty()
            metric.reset()
            self.log(f"test/{name}", value.float().to(self.device), sync_dist=True)
            self.results[name] = {"value": float(value), "uncertainty": float(uncertainty), "unit": metric.unit}

    def on_test_end(self) -> None:
        """Keep the loss where there is no other figure of merit; its uncertainty is not known."""
        if not self.results:
            loss = float(self.trainer.callback_metrics["test/loss"])
            self.results = {"loss": {"value": loss, "uncertainty": float("nan"), "unit": ""}}

    def predict_step(self, batch: Batch, index: int) -> dict[str, Tensor]:
        """Return the prediction for a batch as arrays by name."""
        prediction = self(batch)
        return prediction._asdict() if hasattr(prediction, "_asdict") else {"prediction": prediction}

    def configure_optimizers(self) -> Any:
        """Return the optimizer, and the schedule of its learning rate."""
        optimizer = self._make_optimizer(params=self._groups())
        scheduler = self._schedule(optimizer) if self._make_scheduler else None
        self._optimizer_settings = [
            {name: value for name, value in group.items() if name != "params"} for group in optimizer.param_groups
        ]
        if scheduler is None:
            return optimizer
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def _schedule(self, optimizer: torch.optim.Optimizer) -> Any:
        known = {"optimizer": optimizer}
        if "total_steps" in parameters(self._make_scheduler):
            known["total_steps"] = self._steps()
        return self._make_scheduler(**known)

    def _apply_settings(self) -> None:
        """Give the optimizer that was read its own settings, and bring the new schedule to the step."""
        for group, own in zip(self.trainer.optimizers[0].param_groups, self._optimizer_settings, strict=False):
            group.update(own)
        for config in self.trainer.lr_scheduler_configs:
            bring_to_step(config.scheduler, self._steps_done())

    def _steps_done(self) -> int:
        """How many steps of the present length the training has behind it; its batches may have been others."""
        trainer, loop = self.trainer, self.trainer.fit_loop
        if trainer.max_steps != -1 or trainer.max_epochs == -1:
            return self.global_step
        epochs = loop.epoch_progress.current
        begun = loop.epoch_loop.batch_progress.current.processed / trainer.num_training_batches
        share = (epochs.completed + (begun if epochs.ready > epochs.completed else 0)) / trainer.max_epochs
        return round(self._steps() * min(1.0, share))

    def _groups(self) -> Any:
        own = list(self.weighting.parameters())
        if not own:
            return self.parameters()
        others = [each for each in self.parameters() if all(each is not mine for mine in own)]
        return [{"params": others}, {"params": own, "weight_decay": 0.0}]  # decay would pull the γ_k to a value

    def _refuse_gradients_out_of_reach(self) -> None:
        need = f"{type(self.weighting).__name__} needs the gradient of each term"
        if self.trainer.precision == "16-mixed":
            raise ValueError(f"{need}, which half precision without a scale loses: set trainer.precision=bf16-mixed")
        if isinstance(self.network, FSDPModule):
            raise ValueError(f"{need}, expected whole weights in each process, got sharded ones: set trainer=ddp")

    def _steps(self) -> int:
        steps = self.trainer.estimated_stepping_batches
        if steps == float("inf"):
            raise ValueError("the training has no end: expected trainer.max_epochs or trainer.max_steps to be set")
        return int(steps)

    def _evaluate(self, stage: str, batch: Batch) -> dict[str, Any]:
        objective = self.objective(batch)
        # Lightning takes the mean over processes of a whole number of events by dropping its fraction.
        count = float(_events(batch))
        self.log_dict(_terms(stage, objective), batch_size=count, sync_dist=True, on_step=False, on_epoch=True)
        for metric in self.metrics.values():
            metric.update(objective.arrays)
        return objective.arrays


def _terms(stage: str, objective: Objective) -> dict[str, Tensor | float]:
    terms = {f"{stage}/J": objective.total.detach(), f"{stage}/loss": objective.loss.detach()}
    for name, penalty in objective.penalties.items():
        terms[f"{stage}/omega/{name}"] = penalty.detach()
    for name, gamma in objective.gammas.items():
        terms[f"{stage}/gamma/{name}"] = float(gamma.detach() if isinstance(gamma, Tensor) else gamma)
    return terms


def _events(batch: Batch) -> int:
    return len(batch["offsets"]) - 1 if "offsets" in batch else len(batch["x"])
