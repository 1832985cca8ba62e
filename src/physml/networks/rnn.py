"""A recurrent network that watches a sequence and continues it."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from physml.ops.bounds import check_at_least


class RNN(nn.Module):
    r"""Recurrent forecast: reads the observed steps, then feeds its own predictions back.

    .. math::

        h_t = \mathrm{cell}(x_t, h_{t-1}) \;\; (t \le T), \qquad
        \hat y_{s+1} = \hat y_s + W h_s + b, \quad h_{s+1} = \mathrm{cell}(\hat y_{s+1}, h_s), \qquad
        \hat y_0 = x_T

    The readout predicts increments, so that an untrained network already continues with the last observed state.

    Units: as the data; features should be of order one.

    Source: Cho et al. 2014, arXiv 1406.1078 (GRU); Hochreiter, Schmidhuber 1997, doi 10.1162/neco.1997.9.8.1735 (LSTM).

    Args:
        features: Features of one state, of x and ŷ alike.
        horizon: Number of predicted steps.
        cell: Class of the recurrence with the signature of :class:`torch.nn.GRU`, such as :class:`torch.nn.LSTM`.
        hidden: Width of the memory h.
        layers: Stacked recurrent layers.

    Shapes:
        x (batch, observed, features) → (batch, horizon, features)

    Raises:
        ValueError: x is not a batch of sequences of `features`, or a number is out of bounds.

    Example:
        >>> RNN(features=6, horizon=10, cell=nn.LSTM)(torch.zeros(4, 8, 6)).shape
        torch.Size([4, 10, 6])
    """

    def __init__(
        self, features: int, horizon: int, cell: Callable[..., nn.Module] = nn.GRU, hidden: int = 64, layers: int = 1
    ) -> None:
        super().__init__()
        check_at_least(1, horizon=horizon, hidden=hidden, layers=layers)
        self.features = features
        self.horizon = horizon
        self.cell = cell(features, hidden, num_layers=layers, batch_first=True)
        self.readout = nn.Linear(hidden, features)
        nn.init.zeros_(self.readout.weight)
        nn.init.zeros_(self.readout.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return the `horizon` states that follow x."""
        if x.ndim != 3 or x.shape[-1] != self.features:
            raise ValueError(
                f"RNN expected x of shape (batch, observed, {self.features}), got {tuple(x.shape)}: "
                "set task.network.features to the features of one state"
            )
        output, memory = self.cell(x)
        state, states = x[:, -1:], []
        for step in range(self.horizon):
            if step:
                output, memory = self.cell(state, memory)
            state = state + self.readout(output[:, -1:])
            states.append(state)
        return torch.cat(states, dim=1)
