"""Finding the law behind scattered values of fields: the fields, then the law, then both together."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from physml.networks.hidden_physics import HiddenPhysics
from physml.tasks.second_order import SecondOrderTask
from physml.tasks.supervised import Batch


class HiddenPhysicsTask(SecondOrderTask):
    r"""Levenberg–Marquardt steps on the misfit of F fields and on the difference between their rates and a law's.

    .. math::
        J = \frac{1}{N F} \sum_{ni} (\hat u_i(x_n) - y_{ni})^2 + \gamma\, \Omega + \lambda \lVert w_N \rVert^2, \qquad
        \Omega = \sum_i \frac{1}{N s_i^2} \sum_n \left( \partial_t \hat u_i - N_i(\hat u_1, \dots; w_N) \right)^2(x_n)

    For `field_epochs` only the first term is lowered, by the fields' weights, for the next `law_epochs` only the other
    two, by those of the law; from then on all, by all. Fields that fit their data well have derivatives from which the
    law can be found at once; what noise there is in them only the law itself can tell.

    Source: Raissi 2018, arXiv 1801.06637 (all terms at once, by L-BFGS); Marquardt 1963, doi 10.1137/0111030.

    Args:
        network: The fields and the law.
        loss: The first term, for the record: `torch.nn.MSELoss`.
        constraints: Ω alone: `physml.constraints.learnt_law.LearntLawResidual`.
        field_epochs: Epochs for the fields alone.
        law_epochs: Epochs for the law alone.
        repeats: Steps with the same batch.
        damping: μ of the first step.
        decay: λ, which keeps the law smooth beyond the data.
        others: As `SecondOrderTask`.

    Raises:
        ValueError: There is not one constraint.
    """

    def __init__(
        self,
        network: HiddenPhysics,
        loss: nn.Module,
        constraints: Mapping[str, nn.Module],
        field_epochs: int,
        law_epochs: int,
        repeats: int = 20,
        damping: float = 0.01,
        decay: float = 1e-5,
        **others: Any,
    ) -> None:
        if len(constraints) != 1:
            raise ValueError(
                f"expected one constraint, the residual of the learnt law, got {len(constraints)}: add learnt_law alone"
            )
        super().__init__(network, loss, constraints, repeats, damping, **others)
        self.field_epochs, self.law_epochs = field_epochs, law_epochs
        self.decay, self.first_damping = decay, damping

    @property
    def parts(self) -> list[nn.Module]:
        """What is moved in this epoch: the fields, the law, or both."""
        if self.current_epoch < self.field_epochs:
            return [self.network.field]
        if self.current_epoch < self.field_epochs + self.law_epochs:
            return [self.network.law]
        return [self.network.field, self.network.law]

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """Take the steps with a batch; return J."""
        if index == 0 and self.current_epoch in (self.field_epochs, self.field_epochs + self.law_epochs):
            self.damping.fill_(self.first_damping)  # what another problem has found says nothing of this one
            if self.current_epoch == self.field_epochs:
                with torch.no_grad():
                    self.network.law.calibrate(*self.network.along(batch["x"]))
        for _ in range(self.repeats):
            total = self._step(batch)
        self.log_dict({"train/J": total, "train/damping": self.damping})
        return total

    def _step(self, batch: Batch) -> Tensor:
        parts = self.parts
        layers = [layer for part in parts for layer in part.layers]
        decay = [
            torch.full_like(weights, self.decay if part is self.network.law else 0.0).flatten()
            for part in parts
            for weights in part.layers.parameters()
        ]
        return self.step(layers, lambda: self._residuals(batch, parts), torch.cat(decay))

    def _residuals(self, batch: Batch, parts: list[nn.Module]) -> Tensor:
        """What the parts can lower, scaled such that the sum of squares is its part of J. Shapes: (points, kinds)."""
        x, y, ((name, law),) = batch["x"], batch["y"], self.constraints.items()
        kinds = []
        if self.network.field in parts:
            kinds.append((self.network(x) - y) / y.shape[1] ** 0.5)
        if self.network.law in parts:
            gamma = self.weighting({name: law.weight}, {}, self.progress)[name]
            kinds.append(gamma**0.5 * law.residual(self.network, x))
        return torch.cat(kinds, dim=1) / len(x) ** 0.5
