"""A neural ordinary differential equation: equations of motion learnt from the trajectories that they give."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torchdiffeq import odeint

from physml.networks.mlp import MLP
from physml.ops.bounds import check_at_least, check_positive


class NeuralODE(nn.Module):
    r"""The states that follow a state, by equations of motion that are a multilayer perceptron with tanh.

    .. math:: \dot z = \mathrm{MLP}(z; w), \qquad z(0) = x, \qquad \hat y_s = z(s\,\Delta t), \quad s = 1, \dots, S

    They are integrated by the method of Dormand and Prince, whose steps keep an error bound, and gradients go back
    through these steps. No derivative has to be measured. An untrained network leaves every state as it is.

    Units: of time, that of `dt`; the features should be of order one.

    Source: Chen, Rubanova, Bettencourt and Duvenaud 2018, arXiv 1806.07366; torchdiffeq, by the same authors.

    Args:
        features: Components of a state.
        horizon: S, the number of states to predict.
        dt: Δt, the time between two states.
        hidden: Widths of the hidden layers.
        tolerance: Bound of the error of a step, relative and absolute.

    Shapes: x (events, features) → (events, horizon, features)

    Raises:
        ValueError: A number is out of bounds.

    Example:
        >>> NeuralODE(features=2, horizon=3, dt=0.1)(torch.tensor([[1.0, 2.0]])).detach()
        tensor([[[1., 2.],
                 [1., 2.],
                 [1., 2.]]])
    """

    def __init__(
        self, features: int, horizon: int, dt: float, hidden: Sequence[int] = (64, 64), tolerance: float = 1e-4
    ) -> None:
        super().__init__()
        check_at_least(1, horizon=horizon)
        check_positive(tolerance=tolerance)
        self.horizon, self.dt, self.tolerance = horizon, dt, tolerance
        self.network = MLP([features], [features], list(hidden), nn.Tanh())
        nn.init.zeros_(self.network.layers[-1].weight)
        nn.init.zeros_(self.network.layers[-1].bias)

    def derivative(self, state: Tensor) -> Tensor:
        """Return how states change with time. Shapes: (…, features) → (…, features)."""
        return self.network(state)

    def forward(self, x: Tensor) -> Tensor:
        """Return the states that follow x."""
        t = self.dt * torch.arange(self.horizon + 1, dtype=x.dtype, device=x.device)
        states = odeint(lambda _, state: self.derivative(state), x, t, rtol=self.tolerance, atol=self.tolerance)
        return states[1:].transpose(0, 1)
