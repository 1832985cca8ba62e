"""Two quadratics with different minima: a toy on which each weighting has to show what it claims."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from physml.tasks.supervised import Objective, SupervisedTask


class Point(nn.Module):
    """A network whose output is its weights w, whatever the input."""

    def __init__(self, start: list[float]) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor(start, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        return self.w + 0 * x


class Quadratic(nn.Module):
    """s² |A (w − m)|² / n: the mean square of a residual with n components."""

    def __init__(self, minimum: list[float], scale: float = 1.0, axes: list[float] | None = None, weight: float = 1.0):
        super().__init__()
        self.minimum = torch.tensor(minimum, dtype=torch.float64)
        self.axes = torch.tensor(axes or [1.0] * len(minimum), dtype=torch.float64)
        self.scale, self.weight = scale, weight

    def forward(self, prediction: Tensor) -> Tensor:
        return self.residual(prediction).square().mean()

    def residual(self, prediction: Tensor) -> Tensor:
        return self.scale * self.axes * (prediction - self.minimum)


def make_task(
    weighting: nn.Module | Callable[..., nn.Module] | None, loss: nn.Module, start: list[float], **laws: nn.Module
) -> SupervisedTask:
    network = Point(start)
    task = SupervisedTask(network, loss, partial(torch.optim.SGD, lr=1.0), constraints=laws, weighting=weighting)
    return task.double()


def descend(task: SupervisedTask, steps: int, lr: float = 0.05) -> list[Objective]:
    """Gradient descent, as a training would; returns what each step saw."""
    optimizer = torch.optim.SGD(task.parameters(), lr=lr)
    seen = []
    for _ in range(steps):
        optimizer.zero_grad()
        seen.append(task.objective({"x": torch.zeros(len(task.network.w), dtype=torch.float64)}))
        seen[-1].total.backward()
        optimizer.step()
    return seen


@pytest.fixture
def toy_terms() -> tuple[Callable, Callable, type]:
    """`make_task`, `descend` and `Quadratic`."""
    return make_task, descend, Quadratic
