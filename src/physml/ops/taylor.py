r"""Taylor arithmetic: a function's values at points together with a set of its derivatives, in one pass forward.

A *jet* is a tensor (channels, points, features) whose channel α holds :math:`\partial^\alpha f` at each point. The
channels are those of `orders`: a set of multi-indices that with each one holds all below it, 0 first. A sum of
derivatives with constant coefficients can be one channel, in place of one for each of them.

Source: Dangel, Siebert, Zeinhofer and Walther 2025, arXiv 2505.13644 (sums).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import product
from math import comb, prod

import torch
from torch import Tensor

Order = tuple[int, ...]  # how often is differentiated by each variable
Sum = tuple[tuple[float, Order], ...]  # coefficients and orders, none of them 0
Channel = Order | Sum


def orders(
    names: Sequence[str], variables: Sequence[str], sums: Sequence[Mapping[str, float]] = ()
) -> tuple[Channel, ...]:
    """Return the multi-indices of some derivatives and of all below them, lowest total order first, and then sums.

    Args:
        names: Letters of the variables that are differentiated by, such as ``xxt``; none for the value.
        variables: A letter for each variable.
        sums: Coefficients of derivatives, by their letters.

    Example:
        >>> orders(["xx", "t"], ["t", "x"])
        ((0, 0), (1, 0), (0, 1), (0, 2))
        >>> orders([], ["t", "x"], [{"t": 1.0, "xx": -0.1}])
        ((0, 0), (0, 1), ((1.0, (1, 0)), (-0.1, (0, 2))))
    """
    wanted = {order(name, variables) for name in names}
    added = [tuple((factor, order(name, variables)) for name, factor in each.items()) for each in sums]
    below = {(0,) * len(variables)} | {index for each in wanted for index in _below(each)}
    below |= {index for each in added for _, highest in each for index in _below(highest)[:-1]}
    return (*sorted(below, key=lambda index: (sum(index), [-power for power in index])), *added)


def order(letters: str, variables: Sequence[str]) -> Order:
    """Return the multi-index of the letters of the variables that are differentiated by."""
    return tuple(map(letters.count, variables))


def parts(channel: Channel) -> Sum:
    """Return the derivatives that a channel is the sum of, with their coefficients."""
    return channel if isinstance(channel[0], tuple) else ((1, channel),)


def coordinates(x: Tensor, scale: Tensor, shift: Tensor, channels: tuple[Channel, ...]) -> Tensor:
    r"""Return the jet of the coordinates themselves, scaled and shifted: :math:`(x - \text{shift})\, \text{scale}`.

    Shapes: x (points, variables), scale and shift (variables,) → (channels, points, variables)
    """
    jet = x.new_zeros(len(channels), *x.shape)
    jet[0] = (x - shift) * scale
    for channel, each in enumerate(channels):
        for factor, index in parts(each):
            if sum(index) == 1:
                variable = index.index(1)
                jet[channel, :, variable] = factor * scale[variable]
    return jet


def multiply(a: Tensor, b: Tensor, channels: tuple[Channel, ...]) -> Tensor:
    r"""Return the jet of a product, by Leibniz's rule.

    .. math:: \partial^\alpha (a b) = \sum_{\beta \le \alpha} \binom{\alpha}{\beta}\,
              \partial^\beta a\; \partial^{\alpha - \beta} b

    Shapes: (channels, points, features) twice → the same
    """
    a, b = a.unbind(0), b.unbind(0)
    return torch.stack([_sum(terms, a, b) for terms in _leibniz(channels)])


def tanh(z: Tensor, channels: tuple[Channel, ...]) -> Tensor:
    r"""Return the jet of tanh z, by the recursion of y = tanh z, ∂y = s ∂z, s = 1 − y².

    .. math:: \partial^{\alpha + e} y = \sum_{\beta \le \alpha} \binom{\alpha}{\beta}\,
              \partial^\beta s\; \partial^{\alpha - \beta + e} z

    Its gradient is written by hand, with few passes over memory; where a graph is compiled, the compiler sees to that.

    Shapes: (channels, points, features) → the same
    """
    if len(channels) == 1 or torch.compiler.is_compiling():
        return tanh_by_recursion(z, channels)
    return _Tanh.apply(z, channels)


def tanh_by_recursion(z: Tensor, channels: tuple[Channel, ...]) -> Tensor:
    """Return the same in steps that can be differentiated any number of times."""
    z = z.unbind(0)
    y, s = [torch.tanh(z[0])], []
    recursion, products, needed = _chain(channels), _leibniz(channels), _inner(channels)
    s.append(1 - y[0] ** 2)
    for channel in range(1, len(channels)):
        y.append(_sum(recursion[channel], s, z))
        s.append(-_sum(products[channel], y, y) if channel in needed else None)
    return torch.stack(y)


def sin_cos(z: Tensor, channels: tuple[Channel, ...]) -> tuple[Tensor, Tensor]:
    r"""Return the jets of sin z and cos z, which are each other's slopes.

    .. math::
        \partial^{\alpha + e} \sin z = \sum_{\beta \le \alpha} \binom{\alpha}{\beta}\,
        \partial^\beta \cos z\; \partial^{\alpha - \beta + e} z, \qquad
        \partial^{\alpha + e} \cos z = -\sum_{\beta \le \alpha} \binom{\alpha}{\beta}\,
        \partial^\beta \sin z\; \partial^{\alpha - \beta + e} z

    Shapes: (channels, points, features) → the same twice
    """
    z = z.unbind(0)
    sine, cosine, recursion = [torch.sin(z[0])], [torch.cos(z[0])], _chain(channels)
    for terms in recursion[1:]:
        next_sine, next_cosine = _sum(terms, cosine, z), -_sum(terms, sine, z)
        sine.append(next_sine)
        cosine.append(next_cosine)
    return torch.stack(sine), torch.stack(cosine)


def absolute(z: Tensor) -> Tensor:
    """Return the jet of |z|, which at 0 is that of z. Shapes: (channels, points, features) → the same."""
    return torch.where(z[:1] < 0, -z, z)


def _sum(terms: tuple[tuple[float, int, int], ...], a: Sequence[Tensor], b: Sequence[Tensor]) -> Tensor:
    """Return the sum of factor × a[i] × b[j]."""
    total = None
    for factor, i, j in terms:
        term = a[i] * b[j] if factor == 1 else factor * a[i] * b[j]
        total = term if total is None else total + term
    return total


class _Tanh(torch.autograd.Function):
    """The recursion of `tanh` in place, and backwards."""

    @staticmethod
    def forward(ctx, z: Tensor, channels: tuple[Channel, ...]) -> Tensor:
        recursion, products, needed = _chain(channels), _squares(channels), _inner(channels)
        y, s = torch.empty_like(z), {}
        torch.tanh(z[0], out=y[0])
        for channel in range(1, len(channels)):
            torch.ops.aten.tanh_backward(z[channel], y[0], grad_input=y[channel])  # s z: the term β = 0
            for factor, i, j in recursion[channel][1:]:
                y[channel].addcmul_(s[i], z[j], value=factor)
            if channel in needed:
                for factor, i, j in products[channel]:
                    _add(s, channel, y[i], y[j], -factor)
        ctx.save_for_backward(z, y, *s.values())
        ctx.channels = channels
        return y

    @staticmethod
    def backward(ctx, slopes: Tensor) -> tuple[Tensor, None]:
        channels, (z, y, *s) = ctx.channels, ctx.saved_tensors
        if torch.is_grad_enabled():  # a second derivative is asked for
            again = tanh_by_recursion(z, channels)
            return torch.autograd.grad(again, z, slopes, create_graph=True)[0], None
        recursion, products = _chain(channels), _squares(channels)
        s = dict(zip(sorted(_inner(channels))[1:], s, strict=True))
        s_slope: dict[int, Tensor] = {}
        y_slope, given = dict(enumerate(slopes)), set(range(len(channels)))
        for channel in range(len(channels) - 1, 0, -1):
            if channel in s:
                for factor, i, j in products[channel]:
                    _add(y_slope, i, s_slope[channel], y[j], -factor, given)
                    _add(y_slope, j, s_slope[channel], y[i], -factor, given)
            for factor, i, j in recursion[channel]:
                _add(s_slope, i, y_slope[channel], z[j], factor)
        _add(y_slope, 0, s_slope[0], y[0], -2, given)
        z_slope = torch.empty_like(z)
        for channel, slope in y_slope.items():
            torch.ops.aten.tanh_backward(slope, y[0], grad_input=z_slope[channel])
        for channel, terms in enumerate(recursion):
            for factor, i, j in terms[1:]:
                z_slope[j].addcmul_(y_slope[channel], s[i], value=factor)
        return z_slope, None


def _add(
    totals: dict[int, Tensor], channel: int, a: Tensor, b: Tensor, factor: int, given: set[int] | None = None
) -> None:
    """Add factor × a × b to a total, in place unless it is one of those `given`, which are not ours to change."""
    if channel not in totals:
        totals[channel] = a * b if factor == 1 else (a * b).mul_(factor)
    elif given and channel in given:
        totals[channel] = torch.addcmul(totals[channel], a, b, value=factor)
        given.discard(channel)
    else:
        totals[channel].addcmul_(a, b, value=factor)


@lru_cache
def _squares(channels: tuple[Channel, ...]) -> list[tuple[tuple[float, int, int], ...]]:
    """The terms of `_leibniz` for a product of a jet with itself, where equal ones are one."""
    found = []
    for terms in _leibniz(channels):
        factors: Counter[tuple[int, int]] = Counter()
        for factor, i, j in terms:
            factors[min(i, j), max(i, j)] += factor
        found.append(tuple((factor, i, j) for (i, j), factor in factors.items()))
    return found


@lru_cache
def _leibniz(channels: tuple[Channel, ...]) -> list[tuple[tuple[float, int, int], ...]]:
    """For each channel α the binomial, the channel of β and that of α − β, for all β ≤ α."""
    place = {index: channel for channel, index in enumerate(channels)}
    found: list[tuple[tuple[float, int, int], ...]] = [((1, 0, 0),)]
    for channel, each in enumerate(channels[1:], start=1):
        between = [
            (factor * _binomial(index, below), place[below], place[_minus(index, below)])
            for factor, index in parts(each)
            for below in _below(index)[1:-1]
        ]
        found.append(((1, 0, channel), *between, (1, channel, 0)))
    return found


@lru_cache
def _chain(channels: tuple[Channel, ...]) -> list[tuple[tuple[float, int, int], ...]]:
    """For each channel α + e the binomial of α and β, the channel of β and that of α − β + e, for all β ≤ α."""
    place = {index: channel for channel, index in enumerate(channels)}
    found: list[tuple[tuple[float, int, int], ...]] = [()]
    for channel, each in enumerate(channels[1:], start=1):
        further = [
            (factor * _binomial(_lowered(index), below), place[below], place[_minus(index, below)])
            for factor, index in parts(each)
            for below in _below(_lowered(index))[1:]
        ]
        found.append(((1, 0, channel), *further))
    return found


@lru_cache
def _inner(channels: tuple[Channel, ...]) -> frozenset[int]:
    """Channels of s that a recursion reads."""
    return frozenset(i for terms in _chain(channels) for _, i, _ in terms)


def _below(index: Order) -> list[Order]:
    """All multi-indices up to one, 0 first and it last."""
    return list(product(*(range(power + 1) for power in index)))


def _lowered(index: Order) -> Order:
    """The index, one lower in its first variable that can be."""
    first = next(variable for variable, power in enumerate(index) if power)
    return tuple(power - (variable == first) for variable, power in enumerate(index))


def _minus(a: Order, b: Order) -> Order:
    return tuple(i - j for i, j in zip(a, b, strict=True))


def _binomial(a: Order, b: Order) -> int:
    return prod([comb(i, j) for i, j in zip(a, b, strict=True)])  # a list, which torch.compile knows
