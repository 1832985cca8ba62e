"""Solving differential equations: a field whose residuals are made small by second-order steps."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters
from torchmetrics import Metric

from physml.ops.levenberg_marquardt import levenberg_marquardt_step
from physml.ops.named import call
from physml.ops.point_jacobian import point_jacobian
from physml.tasks.single_process import refuse_several_processes
from physml.tasks.supervised import Batch, Objective, SupervisedTask


class LeastSquaresTask(SupervisedTask):
    r"""Levenberg–Marquardt steps on the residuals of equations, at points that are drawn where the residuals are large.

    .. math:: J(w) = \sum_k \gamma_k \frac1N \sum_n r_k(x_n; w)^2, \qquad
              p(x) \propto 1 + \frac{|r(x)|}{\langle |r| \rangle}

    A batch holds candidates. N of them are drawn by p, `repeats` steps are taken with these, and the next batch comes.
    The data have no targets, except in the test; what validation monitors is J at the points of its own.

    Source: Marquardt 1963, doi 10.1137/0111030; Wu et al. 2023, doi 10.1016/j.cma.2022.115671 (sampling, their RAD
    with k = c = 1).

    Args:
        network: A `physml.networks.field.Field`.
        loss: L of the test's targets, for the record.
        constraints: The equations: each has ``residual`` of the network at the points.
        points: N.
        repeats: Steps with the same points.
        damping: μ of the first step.
        metrics: Figures of merit of validation and test.
        test_arrays: As `SupervisedTask`.
        test_metrics: Figures of merit of the test.
        optimizer: None.
        scheduler: None.
        weighting: As `SupervisedTask`; one without a state.

    Raises:
        ValueError: There is an optimizer or a scheduler, there is no equation, or the weights depend on the history.
    """

    def __init__(
        self,
        network: nn.Module,
        loss: nn.Module,
        constraints: Mapping[str, nn.Module],
        points: int = 2000,
        repeats: int = 20,
        damping: float = 0.01,
        metrics: Mapping[str, Metric] | None = None,
        test_arrays: Mapping[str, Callable[..., Tensor]] | None = None,
        test_metrics: Mapping[str, Metric] | None = None,
        optimizer: None = None,
        scheduler: None = None,
        weighting: nn.Module | None = None,
    ) -> None:
        if optimizer is not None or scheduler is not None:
            raise ValueError("expected no optimizer and no scheduler, as the steps are made here: set optimizer=none")
        if not constraints:
            raise ValueError("expected an equation among the constraints, got none: add one with a residual")
        super().__init__(network, loss, None, None, constraints, weighting, metrics, test_arrays, test_metrics)
        if self.weighting.state_dict():
            raise ValueError(
                "expected weights that do not depend on the steps before, as a step is accepted or not by one J, got "
                f"{type(self.weighting).__name__}: set weighting=fixed or weighting=scheduled"
            )
        self.automatic_optimization = False
        self.points, self.repeats = points, repeats
        self.register_buffer("damping", torch.tensor(damping, dtype=torch.float64))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return what takes the steps."""
        return torch.optim.SGD(self.network.parameters(), lr=1.0)

    def objective(self, batch: Batch) -> Objective:
        """Return J and its terms at the points of a batch; L only where there are targets."""
        arrays = {**batch, "network": self.network}
        penalties = {name: call(law, arrays) for name, law in self.constraints.items()}
        gammas = self.weighting({name: law.weight for name, law in self.constraints.items()}, penalties, self.progress)
        total = sum(gammas[name] * penalties[name] for name in penalties)
        if "y" not in batch:
            return Objective(total, torch.zeros_like(total), penalties, gammas, arrays)
        prediction = self(batch)
        arrays |= {"prediction": prediction, "input": prediction, "target": batch["y"]}
        return Objective(total, call(self.loss, arrays), penalties, gammas, arrays)

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """Draw points from the candidates and take the steps; return J."""
        x = self._draw(batch["x"])
        for _ in range(self.repeats):
            total = self._step(x)
        self.log_dict({"train/J": total, "train/damping": self.damping})
        return total

    def on_fit_start(self) -> None:
        """Refuse several processes, each of which would take steps of its own.

        Raises:
            ValueError: There are several.
        """
        super().on_fit_start()
        refuse_several_processes(self)

    @torch.no_grad()
    def _draw(self, candidates: Tensor) -> Tensor:
        size = self._residuals(candidates).abs().sum(1)
        mean = size.mean().clamp(min=torch.finfo(size.dtype).tiny)  # of an exact solution it is zero
        return candidates[torch.multinomial(1 + size / mean, min(self.points, len(candidates)))]

    def _step(self, x: Tensor) -> Tensor:
        layers = list(self.network.layers)
        weights = [weights for layer in layers for weights in layer.parameters()]
        before = parameters_to_vector(weights).detach()

        @torch.no_grad()
        def sum_after(step: Tensor) -> float:
            vector_to_parameters(before + step, weights)
            return float(self._residuals(x).square().sum())

        r, jacobian = point_jacobian(lambda: self._residuals(x), layers)
        step, damping = levenberg_marquardt_step(r, jacobian, float(self.damping), sum_after)
        vector_to_parameters(before, weights)
        self.damping.fill_(damping)
        for each, change in zip(weights, step.split([each.numel() for each in weights]), strict=True):
            each.grad = -change.view_as(each)
        self.optimizers().step()
        return r.square().sum()

    def _residuals(self, x: Tensor) -> Tensor:
        """All equations' residuals, scaled such that the sum of their squares is J. Shapes: (points, kinds)."""
        weights = {name: law.weight for name, law in self.constraints.items()}
        gammas = self.weighting(weights, {}, self.progress)
        scaled = [
            (gammas[name] / len(x)) ** 0.5 * law.residual(self.network, x) for name, law in self.constraints.items()
        ]
        real = [torch.view_as_real(r) if r.is_complex() else r[:, None] for r in scaled]
        return torch.cat(real, dim=1)
