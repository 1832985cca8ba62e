"""How the residual at each point depends on each weight, from one backward pass for all points."""

from collections.abc import Callable

import torch
from torch import Tensor, nn


def point_jacobian(residual: Callable[[], Tensor], layers: list[nn.Linear]) -> tuple[Tensor, Tensor]:
    r"""Return residuals at points and their Jacobian by the weights of linear layers of jets.

    .. math:: \frac{\partial r_n}{\partial W_{ij}} = \sum_c \delta_{cni}\, h_{cnj}, \qquad
              \frac{\partial r_n}{\partial b_i} = \delta_{0ni}, \qquad
              \delta = \frac{\partial \sum_m r_m}{\partial z}

    for a layer z = W h + b of jets (channels c, points n). As no point's residual depends on another point, one
    backward pass of their sum gives all δ.

    Source: Goodfellow 2015, arXiv 1510.01799, for a single channel.

    Args:
        residual: Computes the residuals, with one call of each layer.
        layers: `physml.networks.field.JetLinear`, or any linear layer of jets whose bias adds to channel 0.

    Returns:
        r, and the Jacobian with the weights in the order of ``weight, bias`` of each layer.

    Shapes: (points,) and (points, weights)

    Raises:
        ValueError: A layer was called more or less than once.
    """
    calls: dict[int, list[tuple[Tensor, Tensor]]] = {number: [] for number in range(len(layers))}

    def keep(number: int) -> Callable[..., None]:
        return lambda _, inputs, output: calls[number].append((inputs[0], output))

    hooks = [layer.register_forward_hook(keep(number)) for number, layer in enumerate(layers)]
    try:
        with torch.enable_grad():
            r = residual()
    finally:
        for hook in hooks:
            hook.remove()
    if any(len(made) != 1 for made in calls.values()):
        raise ValueError(
            f"expected one call of each layer, got {[len(made) for made in calls.values()]}: give all points at once"
        )
    inputs, outputs = zip(*(made[0] for made in calls.values()), strict=True)
    deltas = torch.autograd.grad(r.sum(), outputs)
    blocks = []
    for layer, h, delta in zip(layers, inputs, deltas, strict=True):
        blocks.append((delta.permute(1, 2, 0) @ h.detach().permute(1, 0, 2)).flatten(1))
        if layer.bias is not None:
            blocks.append(delta[0])
    return r.detach(), torch.cat(blocks, dim=1)
