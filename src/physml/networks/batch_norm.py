"""Batch normalisation that does not depend on how many processes share a batch."""

from typing import Any

import torch
from torch import Tensor, distributed
from torch.nn.modules.batchnorm import _BatchNorm


class BatchNorm(_BatchNorm):
    r"""Normalise each channel by its mean and variance over the batches of all processes together.

    .. math::
        v = w \, \frac{u - \langle u \rangle}{\sqrt{\langle (u - \langle u \rangle)^2 \rangle + \epsilon}} + b

    The averages run over all dimensions but the channels', and over the processes, which may have unequal parts, as of
    ragged events. In evaluation mode running averages take their place. For one process this is torch's own; torch has
    another one for several, which knows no CPU.

    Units: those of b.

    Source: Ioffe and Szegedy 2015, arXiv 1502.03167.

    Args:
        num_features: Number of channels.

    Shapes:
        u (events, channels, …) → (events, channels, …)
    """

    def forward(self, u: Tensor) -> Tensor:
        """Return the normalised channels; a step of the running averages in training mode."""
        if not (self.training and distributed.is_available() and distributed.is_initialized()):
            return super().forward(u)
        with torch.autocast(u.device.type, enabled=False):  # sums of many half-precision numbers would be rounded
            half = u.dtype in (torch.float16, torch.bfloat16)
            return self._over_processes(u.float() if half else u).to(u.dtype)

    def _over_processes(self, u: Tensor) -> Tensor:
        over = [dimension for dimension in range(u.ndim) if dimension != 1]
        shape = [1, -1] + [1] * (u.ndim - 2)
        number = _Total.apply(u.new_tensor(u.numel() // u.shape[1]))
        if number < 2:
            raise ValueError("expected more than one value of each channel, got one: raise data.batch_size")
        mean = _Total.apply(u.sum(over)) / number
        deviation = u - mean.view(shape)
        variance = _Total.apply(deviation.square().sum(over)) / number
        with torch.no_grad():
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * number / (number - 1), self.momentum)
        factor = self.weight * torch.rsqrt(variance + self.eps)
        return deviation * factor.view(shape) + self.bias.view(shape)

    def _check_input_dim(self, input: Tensor) -> None:
        if input.ndim < 2:
            raise ValueError(f"expected (events, channels, …), got the shape {tuple(input.shape)}: add a dimension")


class _Total(torch.autograd.Function):
    """The sum over the processes; so is its gradient, as what one of them gives changes the losses of all."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        total = values.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return _Total.apply(gradient)
