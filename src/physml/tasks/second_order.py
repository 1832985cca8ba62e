"""Tasks that lower their J by second-order steps of their own instead of an optimizer's."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from physml.ops.named import parameters
from physml.tasks.second_order_step import second_order_step
from physml.tasks.single_process import refuse_several_processes
from physml.tasks.supervised import SupervisedTask


class SecondOrderTask(SupervisedTask):
    r"""Levenberg–Marquardt steps on residuals r whose squares add up to J.

    .. math:: J(w) = \sum_{nk} r_{nk}(w)^2 + \sum_i \lambda_i w_i^2

    What derives from it says what the residuals are, and takes the steps with `step`.

    Source: Marquardt 1963, doi 10.1137/0111030.

    Args:
        network: As `SupervisedTask`.
        loss: As `SupervisedTask`.
        constraints: As `SupervisedTask`.
        repeats: Steps with the same batch.
        damping: μ of the first step.
        optimizer: None.
        scheduler: None.
        others: ``weighting``, which has no state, ``metrics``, ``test_arrays`` and ``test_metrics``, as
            `SupervisedTask`.

    Raises:
        ValueError: There is an optimizer, a scheduler or a training array, or the weights depend on the history.
    """

    def __init__(
        self,
        network: nn.Module,
        loss: nn.Module,
        constraints: Mapping[str, nn.Module],
        repeats: int,
        damping: float,
        optimizer: None = None,
        scheduler: None = None,
        **others: Any,
    ) -> None:
        if optimizer is not None or scheduler is not None:
            raise ValueError("expected no optimizer and no scheduler, as the steps are made here: set optimizer=none")
        super().__init__(network, loss, None, constraints=constraints, **others)
        if self.training_arrays:
            raise ValueError("expected no training_arrays, as the steps read the batch as it is: leave them out")
        if self.weighting.state_dict() or not parameters(self.weighting).keys() <= {"weights", "penalties", "progress"}:
            raise ValueError(
                "expected weights that do not depend on the steps before, as a step is accepted or not by one J, got "
                f"{type(self.weighting).__name__}: set weighting=fixed or weighting=scheduled"
            )
        self.automatic_optimization = False
        self.repeats = repeats
        self.register_buffer("damping", torch.tensor(damping, dtype=torch.float64))

    def compile_network(self) -> None:
        """Refuse it: a step reads what goes through each layer, which a compiled network does not tell.

        Raises:
            ValueError: Always.
        """
        raise ValueError(
            "compile: expected false, got true: second-order steps read what goes through each layer, which a compiled "
            "network does not tell: leave it out"
        )

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return what takes the steps."""
        return torch.optim.SGD(self.parameters(), lr=1.0)

    def on_fit_start(self) -> None:
        """Refuse several processes, each of which would take steps of its own.

        Raises:
            ValueError: There are several.
        """
        super().on_fit_start()
        refuse_several_processes(self)

    def step(self, layers: list[nn.Module], residuals: Callable[[], Tensor], decay: Tensor | None = None) -> Tensor:
        """Move the weights of some layers by one step and return J before it; arguments as `second_order_step`."""
        return second_order_step(self.optimizers(), layers, residuals, self.damping, decay)
