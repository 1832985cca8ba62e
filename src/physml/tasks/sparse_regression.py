"""Finding the equations of motion of measured trajectories by sparse regression."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torchmetrics import Metric

from physml.networks.sparse_dynamics import SparseDynamics
from physml.ops.multiple_shooting import Refinement
from physml.ops.sparse_regression import Equations, condense, ensemble, stlsq
from physml.ops.weak_form import weak_equations
from physml.tasks.single_process import refuse_several_processes
from physml.tasks.supervised import Batch, SupervisedTask

Form = Callable[[SparseDynamics, Batch], tuple[Tensor, Tensor]]
Refine = Callable[[Tensor, Tensor, Tensor], Refinement]


def measured_derivatives(network: SparseDynamics, batch: Batch) -> tuple[Tensor, Tensor]:
    """Return the equations ẋ = Θ(x) Ξ at each sample, from its measured derivative ``y``.

    Shapes: x and y (events, samples, variables) → (equations, terms) and (equations, variables)
    """
    return network.library(batch["x"]).flatten(0, -2), batch["y"].flatten(0, -2).to(network.coefficients.dtype)


def weak_form(
    network: SparseDynamics, batch: Batch, dt: float, width: int = 401, stride: int = 25, power: int = 8
) -> tuple[Tensor, Tensor]:
    """Return the equations of the trajectories ``x`` in weak form; `physml.ops.weak_form.weak_equations`."""
    x = batch["x"].to(network.coefficients.dtype)
    return weak_equations(x, network.library(x), dt, width, stride, power)


class SparseRegressionTask(SupervisedTask):
    r"""One pass over the data, then the sparse solution of all equations at once.

    .. math::
        \hat\Xi = \operatorname{arg\,min}_\Xi \lVert A\, \Xi - B \rVert^2 \quad
        \text{with } |\Xi_{kj}| \ge \lambda \text{ or } \Xi_{kj} = 0

    There are no gradient steps: each batch adds its equations, condensed to a triangle of the size of the library, and
    the last one of the epoch solves them. One epoch is all, and data larger than memory are no larger here, unless the
    trajectories are needed once more to refine the coefficients of the terms that were found.

    Source: Brunton, Proctor and Kutz 2016, doi 10.1073/pnas.1517384113; Fasel et al. 2022, doi 10.1098/rspa.2021.0904
    (ensembles).

    Args:
        network: The law to be found.
        loss: L of the predicted derivatives, for the record.
        form: Makes equations from a batch: `measured_derivatives` or `weak_form`.
        threshold: λ.
        members: Resampled sets of batches, of which terms have to be in enough; 0 for a single regression.
        inclusion: Which part of the members has to hold a term.
        refinement: Makes better coefficients of the terms that were found from the trajectories ``x``, the powers of
            the library and the coefficients: `physml.ops.multiple_shooting.multiple_shooting`.
        metrics: As `SupervisedTask`.
        test_arrays: As `SupervisedTask`.
        test_metrics: As `SupervisedTask`.
        optimizer: None.
        scheduler: None.
        constraints: None, or an empty dict.
        weighting: Without constraints it has nothing to weigh.

    Raises:
        ValueError: There are an optimizer, a scheduler or constraints, which need gradient steps.
    """

    saves_within_epoch = False  # the equations of the batches before are no part of the state

    def __init__(
        self,
        network: SparseDynamics,
        loss: nn.Module,
        form: Form,
        threshold: float = 0.025,
        members: int = 0,
        inclusion: float = 0.6,
        refinement: Refine | None = None,
        metrics: Mapping[str, Metric] | None = None,
        test_arrays: Mapping[str, Callable[..., Tensor]] | None = None,
        test_metrics: Mapping[str, Metric] | None = None,
        optimizer: None = None,
        scheduler: None = None,
        constraints: Mapping[str, nn.Module] | None = None,
        weighting: nn.Module | None = None,
    ) -> None:
        if optimizer is not None or scheduler is not None or constraints:
            raise ValueError(
                "expected no optimizer, scheduler or constraints, as there are no gradient steps: set optimizer=none, "
                "scheduler=none and constraint=none"
            )
        super().__init__(
            network,
            loss,
            None,
            weighting=weighting,
            metrics=metrics,
            test_arrays=test_arrays,
            test_metrics=test_metrics,
        )
        self.automatic_optimization = False
        self.form, self.threshold, self.members, self.inclusion = form, threshold, members, inclusion
        self.refinement = refinement
        self._parts: list[Equations] = []
        self._trajectories: list[Tensor] = []

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return what takes the one step to the solution."""
        return torch.optim.SGD([self.network.coefficients], lr=1.0)

    def on_fit_start(self) -> None:
        """Refuse several processes, each of which would solve the equations of its own data.

        Raises:
            ValueError: There are several.
        """
        super().on_fit_start()
        refuse_several_processes(self)

    @torch.no_grad()
    def training_step(self, batch: Batch, index: int) -> Tensor:
        """Add the equations of a batch, and solve all of them with the last one; return L."""
        self._parts.append(condense([self.form(self.network, batch)]))
        if self.refinement is not None:
            self._trajectories.append(batch["x"].to(self.network.coefficients.dtype))
        if self.trainer.is_last_batch:
            self.network.coefficients.grad = self.network.coefficients - self._solve()
            self.optimizers().step()
            self._parts, self._trajectories = [], []
            counts = (self.network.coefficients != 0).sum(0).float()
            self.log_dict({f"train/terms/{name}": n for name, n in zip(self.network.variables, counts, strict=True)})
        return self.objective(batch).loss

    def _solve(self) -> Tensor:
        coefficients = self._regressed()
        if self.refinement is None or not coefficients.any():
            return coefficients
        refined = self.refinement(torch.cat(self._trajectories), self.network.powers, coefficients)
        self.network.spread.copy_(refined.standard_errors)
        self.log("train/noise", refined.noise)
        return refined.coefficients

    def _regressed(self) -> Tensor:
        if not self.members:
            return stlsq(condense(self._parts), self.threshold)
        generator = torch.Generator().manual_seed(torch.initial_seed() % 2**63)
        coefficients, spread = ensemble(self._parts, self.threshold, self.members, self.inclusion, generator)
        self.network.spread.copy_(spread)
        return coefficients
