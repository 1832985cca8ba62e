"""How the residuals at each point depend on each weight, from one backward pass for all points."""

from collections.abc import Callable

import torch
from torch import Tensor, nn


def point_jacobian(residuals: Callable[[], Tensor], layers: list[nn.Module]) -> tuple[Tensor, Tensor]:
    r"""Return residuals at points and their Jacobian by the weights of linear layers of jets.

    .. math:: \frac{\partial r_n}{\partial W_{ij}} = \sum_c \delta_{cni}\, h_{cnj}, \qquad
              \frac{\partial r_n}{\partial b_i} = \delta_{0ni}, \qquad
              \delta = \frac{\partial \sum_m r_m}{\partial z}

    for a layer z = W h + b of jets (channels c, points n). As no point's residual depends on another point, one
    backward pass of their sum gives all δ. With several residuals at a point there is a pass for each of them; what
    several calls of a layer contribute is added.

    Source: Goodfellow 2015, arXiv 1510.01799, for a single channel.

    Args:
        residuals: Computes the residuals. Each call of a layer has all points, in the same order.
        layers: `physml.networks.field.JetLinear`, or any linear layer of jets whose bias adds to channel 0; weight or
            bias may be None.

    Returns:
        r, kind by kind, and the Jacobian with the weights in the order of ``weight, bias`` of each layer.

    Shapes: of residuals (points, kinds) → (kinds · points,) and (kinds · points, weights)

    Raises:
        ValueError: A layer was not called with all points.
    """
    calls: list[tuple[int, Tensor, Tensor]] = []

    def keep(number: int) -> Callable[..., None]:
        return lambda _, inputs, output: calls.append((number, inputs[0], output))

    hooks = [layer.register_forward_hook(keep(number)) for number, layer in enumerate(layers)]
    try:
        with torch.enable_grad():
            r = residuals()
    finally:
        for hook in hooks:
            hook.remove()
    points = [output.shape[1] for _, _, output in calls]
    if {number for number, *_ in calls} != set(range(len(layers))) or set(points) != {len(r)}:
        raise ValueError(
            f"expected calls of all {len(layers)} layers with {len(r)} points each, got {len(calls)} with {points}: "
            "give all points at once"
        )
    rows = [_rows(column, layers, calls) for column in r.unbind(1)]
    return r.detach().T.flatten(), torch.cat(rows)


def _rows(r: Tensor, layers: list[nn.Module], calls: list[tuple[int, Tensor, Tensor]]) -> Tensor:
    """The Jacobian of one kind of residual. Shapes: (points,) → (points, weights)."""
    outputs = [output for _, _, output in calls]
    deltas = torch.autograd.grad(r.sum(), outputs, retain_graph=True, allow_unused=True)
    weights, biases = [None] * len(layers), [None] * len(layers)
    for (number, h, _), delta in zip(calls, deltas, strict=True):
        if delta is None:  # of several calls a kind of residuals may need one only
            continue
        if layers[number].weight is not None:
            rows = (delta.permute(1, 2, 0) @ h.detach().permute(1, 0, 2)).flatten(1)
            weights[number] = rows if weights[number] is None else weights[number] + rows
        biases[number] = delta[0] if biases[number] is None else biases[number] + delta[0]
    blocks = []
    for layer, *found in zip(layers, weights, biases, strict=True):
        for own, rows in zip((layer.weight, layer.bias), found, strict=True):
            if own is not None:
                blocks.append(r.new_zeros(len(r), own.numel()) if rows is None else rows)
    return torch.cat(blocks, dim=1)
