"""Solving differential equations: a field whose residuals are made small by second-order steps."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from physml.ops.named import call
from physml.ops.point_jacobian import point_jacobian
from physml.ops.sandwich_covariance import sandwich_covariance
from physml.tasks.second_order import SecondOrderTask
from physml.tasks.supervised import Batch, Objective


class LeastSquaresTask(SecondOrderTask):
    r"""Levenberg–Marquardt steps on the residuals of equations, at points that are drawn where the residuals are large.

    .. math:: J(w) = \sum_k \gamma_k \frac1N \sum_n r_k(x_n; w)^2, \qquad
              p(x) \propto 1 + \frac{|r(x)|}{\langle |r| \rangle}

    A batch holds candidates. N of them are drawn by p, `repeats` steps are taken with these, and the next batch comes.
    L has no part in the steps: measurements enter by `physml.constraints.data_misfit.DataMisfit`. What validation
    monitors is J at the points of its own. Unknown coefficients of the equations are among the results of the test,
    with the standard errors (`physml.ops.sandwich_covariance`) of the last points.

    Source: Marquardt 1963, doi 10.1137/0111030; Wu et al. 2023, doi 10.1016/j.cma.2022.115671 (sampling, their RAD
    with k = c = 1).

    Args:
        network: A `physml.networks.field.Field`.
        loss: L of the test's targets, for the record.
        constraints: The equations: each has ``residual`` of the network at the points.
        points: N.
        repeats: Steps with the same points.
        damping: μ of the first step.
        others: As `SecondOrderTask`.

    Raises:
        ValueError: There is no equation.
    """

    def __init__(
        self,
        network: nn.Module,
        loss: nn.Module,
        constraints: Mapping[str, nn.Module],
        points: int = 2000,
        repeats: int = 20,
        damping: float = 0.01,
        **others: Any,
    ) -> None:
        if not constraints:
            raise ValueError("expected an equation among the constraints, got none: add one with a residual")
        super().__init__(network, loss, constraints, repeats, damping, **others)
        self.points = points

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
        drawn = self._draw(batch)
        for _ in range(self.repeats):
            total = self._step(drawn)
        self._keep_covariance(drawn)
        self.log_dict({"train/J": total, "train/damping": self.damping})
        return total

    def on_test_epoch_end(self) -> None:
        """Log the metrics of the test data, and add the unknown coefficients to them."""
        super().on_test_epoch_end()
        for law in self._unknown:
            for name, (value, spread) in law.estimates().items():
                self.results[name] = {"value": value, "uncertainty": spread, "unit": ""}

    @property
    def _unknown(self) -> list[nn.Module]:
        laws = self.constraints.values()
        return [law.unknown for law in laws if getattr(law, "unknown", None) is not None]

    @property
    def _layers(self) -> list[nn.Module]:
        """All that the residuals depend on; unknown coefficients last."""
        return [*self.network.layers, *self._unknown]

    @torch.no_grad()
    def _draw(self, candidates: Batch) -> Batch:
        for law in self.constraints.values():
            if hasattr(law, "observe"):
                call(law.observe, {**candidates, "network": self.network})
        size = self._residuals(candidates).abs().sum(1)
        mean = size.mean().clamp(min=torch.finfo(size.dtype).tiny)  # of an exact solution it is zero
        chosen = torch.multinomial(1 + size / mean, min(self.points, len(size)))
        return {name: array[chosen] for name, array in candidates.items()}

    def _step(self, batch: Batch) -> Tensor:
        return self.step(self._layers, lambda: self._residuals(batch))

    def _keep_covariance(self, batch: Batch) -> None:
        counts = [len(unknown.names) for unknown in self._unknown]
        if not counts:
            return
        r, jacobian = point_jacobian(lambda: self._residuals(batch), self._layers)
        last = list(range(jacobian.shape[1] - sum(counts), jacobian.shape[1]))
        covariance = sandwich_covariance(r, jacobian, last, float(self.damping))
        for unknown, part in zip(self._unknown, covariance.diagonal().split(counts), strict=True):
            unknown.set_variances(part)

    def _residuals(self, batch: Batch) -> Tensor:
        """All equations' residuals, scaled such that the sum of their squares is J. Shapes: (points, kinds)."""
        weights = {name: law.weight for name, law in self.constraints.items()}
        gammas, arrays = self.weighting(weights, {}, self.progress), {**batch, "network": self.network}
        columns = []
        for name, law in self.constraints.items():
            r = (gammas[name] / len(batch["x"])) ** 0.5 * call(law.residual, arrays)
            r = torch.view_as_real(r) if r.is_complex() else r
            columns.append(r if r.dim() == 2 else r[:, None])
        return torch.cat(columns, dim=1)
