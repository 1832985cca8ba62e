r"""Derivatives of a function of points with respect to their coordinates.

All functions here take `function`, which maps points (points, inputs) to values (points, outputs), each row on its own:
a value must not depend on other rows. Results keep the graph, so that a residual made of them can be minimised.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

Function = Callable[[Tensor], Tensor]


def derivatives(
    function: Function,
    x: Tensor,
    names: Sequence[str],
    variables: Sequence[str],
    outputs: Sequence[str] = ("u",),
) -> dict[str, Tensor]:
    r"""Return a set of partial derivatives of any order, each one on the way computed once.

    ``u_xxt`` is :math:`\partial_x^2 \partial_t u`; the order of the letters does not matter. A backward pass gives
    all first derivatives of a quantity, so ``u_t`` and ``u_x`` cost one together and ``u_xx`` one more.

    Units: of each output, divided by those of the variables.

    Args:
        function: The field; see the module.
        x: Points, one column for each of `variables`.
        names: The derivatives wanted, ``OUTPUT_VARIABLES``; an output's name alone is its value.
        variables: A letter for each column of x.
        outputs: A name for each column of the function's values.

    Returns:
        The values at the points by name.

    Shapes:
        x (points, variables) → (points,) each

    Raises:
        ValueError: A name is of no output and variables that there are, or there are other columns than names.

    Example:
        >>> def wave(tx):
        ...     return torch.sin(tx[:, 1:] - 2 * tx[:, :1])
        >>> at = derivatives(wave, torch.zeros(1, 2), ["u", "u_t", "u_txx"], variables=["t", "x"])
        >>> {name: value.item() for name, value in at.items()}
        {'u': 0.0, 'u_t': -2.0, 'u_txx': 2.0}
    """
    variables, outputs = list(variables), list(outputs)
    if x.shape[-1] != len(variables):
        raise ValueError(f"expected {len(variables)} columns, {', '.join(variables)}, got {x.shape[-1]}: give as many")
    with _recording():
        x = _as_variable(x)
        values = function(x)
        if values.shape[-1] != len(outputs):
            raise ValueError(
                f"expected a function with {len(outputs)} outputs, {', '.join(outputs)}, got {values.shape[-1]}: "
                "name them all"
            )
        known = dict(zip(outputs, values.unbind(-1), strict=True))
        found = {}
        for name in names:
            output, _, letters = name.partition("_")
            if output not in outputs or not set(letters) <= set(variables) or (not letters and name != output):
                raise ValueError(
                    f"expected derivatives of {', '.join(outputs)} by {', '.join(variables)}, such as "
                    f"{outputs[0]}_{variables[0]}, got {name!r}: rename it"
                )
            found[name] = _derivative(output, "".join(sorted(letters, key=variables.index)), x, variables, known)
    return found


def _derivative(output: str, letters: str, x: Tensor, variables: Sequence[str], known: dict[str, Tensor]) -> Tensor:
    """Look a derivative up among the known ones, or differentiate the one before it by all variables at once."""
    name = f"{output}_{letters}" if letters else output
    if name not in known:
        below = _derivative(output, letters[:-1], x, variables, known)
        slopes = _gradient(below, x)
        for variable, slope in zip(variables, slopes.unbind(-1), strict=True):
            known.setdefault(f"{output}_{''.join(sorted(letters[:-1] + variable, key=variables.index))}", slope)
    return known[name]


def _gradient(value: Tensor, x: Tensor) -> Tensor:
    """∂(Σ value)/∂x, zero where there is no x in it. Shapes: (points,), (points, inputs) → (points, inputs)."""
    if not value.requires_grad:
        return torch.zeros_like(x)
    (slopes,) = torch.autograd.grad(value.sum(), x, create_graph=True, allow_unused=True, materialize_grads=True)
    return slopes


def gradient(function: Function, x: Tensor) -> Tensor:
    r"""Return :math:`\nabla f` of a function with one output.

    Shapes: x (points, inputs) → (points, inputs)

    Raises:
        ValueError: The function has several outputs.

    Example:
        >>> def y(x):
        ...     return 2 * x[:, :1] + x[:, :1] * torch.sin(x[:, 1:]) + x[:, 1:] ** 3
        >>> x = torch.tensor([[1.0, 2.0]])
        >>> y(x), gradient(y, x).detach()
        (tensor([[10.9093]]), tensor([[ 2.9093, 11.5839]]))
    """
    slopes = jacobian(function, x)
    if slopes.shape[1] != 1:
        raise ValueError(f"expected a function with 1 output, got {slopes.shape[1]}: take its jacobian")
    return slopes[:, 0]


def jacobian(function: Function, x: Tensor, forward: bool = False) -> Tensor:
    r"""Return :math:`\partial f_i / \partial x_j`.

    Args:
        function: f; see the module.
        x: Points.
        forward: Whether to take a pass forward for each input, and not one backward for each output. The function may
            then hold no derivatives of its own in reverse mode.

    Shapes: x (points, inputs) → (points, outputs, inputs)

    Example:
        >>> jacobian(lambda x: torch.stack([x[:, 0] * x[:, 1], x[:, 0]], dim=1), torch.tensor([[2.0, 3.0]])).detach()
        tensor([[[3., 2.],
                 [1., 0.]]])
    """
    if forward:
        directions = torch.eye(x.shape[1]).to(x).unbind()
        return torch.stack([torch.func.jvp(function, (x,), (d.expand_as(x),))[1] for d in directions], dim=2)
    with _recording():
        x = _as_variable(x)
        return torch.stack([_gradient(value, x) for value in function(x).unbind(-1)], dim=1)


def hessian(function: Function, x: Tensor) -> Tensor:
    r"""Return :math:`\partial^2 f / \partial x_i \partial x_j` of a function with one output.

    Shapes: x (points, inputs) → (points, inputs, inputs)

    Example:
        >>> hessian(lambda x: x[:, :1] ** 2 * x[:, 1:], torch.tensor([[1.0, 3.0]])).detach()
        tensor([[[6., 2.],
                 [2., 0.]]])
    """
    return jacobian(lambda points: gradient(function, points), x)


def laplacian(function: Function, x: Tensor) -> Tensor:
    r"""Return :math:`\nabla^2 f_i` for each output.

    Shapes: x (points, inputs) → (points, outputs)

    Example:
        >>> laplacian(lambda x: (x**3).sum(1, keepdim=True), torch.tensor([[1.0, 2.0]])).detach()
        tensor([[18.]])
    """
    with _recording():
        x = _as_variable(x)
        slopes = jacobian(function, x)
        curvatures = [[_gradient(slope, x)[:, i] for i, slope in enumerate(row.unbind(-1))] for row in slopes.unbind(1)]
    return torch.stack([sum(row) for row in curvatures], dim=1)


def divergence(function: Function, x: Tensor) -> Tensor:
    r"""Return :math:`\nabla \cdot f = \sum_i \partial f_i / \partial x_i`.

    Shapes: x (points, inputs), with as many outputs → (points,)

    Raises:
        ValueError: The function has not as many outputs as inputs.

    Example:
        >>> divergence(lambda x: x * x, torch.tensor([[1.0, 2.0]])).detach()
        tensor([6.])
    """
    slopes = jacobian(function, x)
    if slopes.shape[1] != slopes.shape[2]:
        raise ValueError(
            f"expected a field of {slopes.shape[2]} components, got {slopes.shape[1]}: give as many as axes"
        )
    return slopes.diagonal(dim1=1, dim2=2).sum(-1)


def curl(function: Function, x: Tensor) -> Tensor:
    r"""Return :math:`\nabla \times f` in three dimensions, :math:`\partial_x f_y - \partial_y f_x` in two.

    Shapes: x (points, 3) → (points, 3), or (points, 2) → (points, 1)

    Raises:
        ValueError: The space has other than two or three dimensions, or the field has other components.

    Example:
        >>> curl(lambda x: torch.stack([-x[:, 1], x[:, 0]], dim=1), torch.tensor([[1.0, 2.0]])).detach()
        tensor([[2.]])
    """
    slopes = jacobian(function, x)
    if slopes.shape[1:] not in ((2, 2), (3, 3)):
        raise ValueError(
            f"expected a field of 2 or 3 components in as many dimensions, got {slopes.shape[1]} in {slopes.shape[2]}: "
            "a curl is of a vector field in the plane or in space"
        )
    pairs = [(1, 0)] if slopes.shape[1] == 2 else [(2, 1), (0, 2), (1, 0)]
    return torch.stack([slopes[:, i, j] - slopes[:, j, i] for i, j in pairs], dim=1)


@contextmanager
def _recording() -> Iterator[None]:
    """Keep a graph of what is computed, also where gradients are switched off around it, as in a validation."""
    with torch.inference_mode(False), torch.enable_grad():
        yield


def _as_variable(x: Tensor) -> Tensor:
    """x, tracked; if it is already, it stays part of its graph, so that derivatives nest."""
    if x.requires_grad and not x.is_inference():
        return x
    return x.detach().clone().requires_grad_() if x.is_inference() else x.detach().requires_grad_()
