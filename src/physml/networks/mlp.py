"""The multilayer perceptron: the plain rival of every other network."""

import copy
import math
from itertools import pairwise

from torch import Tensor, nn


class MLP(nn.Module):
    r"""Fully connected layers between an input and an output of fixed shapes.

    .. math:: \hat y = W_L\,\sigma(W_{L-1} \cdots \sigma(W_1 x + b_1) \cdots + b_{L-1}) + b_L

    The trailing dimensions `in_shape` of the input are flattened and all dimensions before them are kept, so the same
    network acts on events, on times, or on each point of a ragged event (`in_shape` then is the shape of one point).

    Args:
        in_shape: Shape of one input x, without leading dimensions.
        out_shape: Shape of one output ŷ; ``[]`` for a scalar.
        hidden: Widths of the hidden layers; ``[]`` for a linear map.
        activation: Elementwise nonlinearity σ; SiLU unless given. Each layer gets its own copy.

    Shapes:
        x (…, \*in_shape) → (…, \*out_shape)

    Raises:
        ValueError: The trailing dimensions of x are not `in_shape`.

    Example:
        >>> import torch
        >>> MLP(in_shape=[3, 2], out_shape=[])(torch.zeros(10, 3, 2)).shape
        torch.Size([10])
    """

    def __init__(
        self,
        in_shape: list[int],
        out_shape: list[int],
        hidden: list[int] = [128, 128],  # noqa: B006 - read, never changed
        activation: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.in_shape, self.out_shape = tuple(in_shape), tuple(out_shape)
        widths = [math.prod(self.in_shape), *hidden, math.prod(self.out_shape)]
        layers = []
        for fan_in, fan_out in pairwise(widths):
            layers += [nn.Linear(fan_in, fan_out), nn.SiLU() if activation is None else copy.deepcopy(activation)]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, x: Tensor) -> Tensor:
        """Return ŷ for each x."""
        leading = x.ndim - len(self.in_shape)
        if leading < 0 or x.shape[leading:] != self.in_shape:
            raise ValueError(
                f"MLP expected x of shape (…, {', '.join(map(str, self.in_shape))}), got {tuple(x.shape)}: "
                "set task.network.in_shape to the shape of one input"
            )
        batch = x.shape[:leading]
        flat = self.layers(x.reshape((*batch, math.prod(self.in_shape))))
        return flat.reshape((*batch, *self.out_shape))
