"""Solving equations of evolution whose right-hand sides are functions at each point, of fields and their slopes."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from physml.ops.etdrk4 import etdrk4
from physml.ops.fourier import PeriodicInterval

PointwiseLaw = Callable[[Tensor], Tensor]


def evolve_pointwise(
    law: PointwiseLaw,
    inputs: Sequence[str],
    interval: PeriodicInterval,
    initial: Tensor,
    dt: float,
    frames: int,
    substeps: int,
    waves: int,
) -> Tensor:
    r"""Solve :math:`\partial_t u_i = N_i(u_1, u_2, \dots, \partial_x u_1, \dots)` on a periodic interval.

    .. math::
        \partial_t u_i = L_i u_i + (N_i - L_i u_i), \qquad
        L_i = \sum_j \left. \frac{\partial N_i}{\partial (\partial_x^j u_i)} \right|_0 \partial_x^j

    N may be stiff in an unknown way. What is linear in a field itself, where nothing moves, is solved exactly
    (`physml.ops.etdrk4`); the remainder, which is small for the shortest waves if N is nearly linear in the highest
    slope, is explicit. Waves above `waves` are left out, of the start and after each evaluation of N: with a third of
    the points, a product of two fields is free of aliases.

    Units: those of `initial`; x, t and N in consistent ones.

    Args:
        law: N.
        inputs: What N reads: ``u`` for a field, ``u_xx`` for its second slope. The order of the fields is that in
            which they first occur here.
        interval: Where the fields live.
        initial: The fields, which are real, at the first time.
        dt: Time between two frames.
        frames: Frames after the initial one.
        substeps: Steps from one frame to the next.
        waves: Waves kept, of a period of the interval each.

    Shapes:
        law (points, inputs) → (points, fields); initial (fields, points) → (fields, points, frames + 1), on the CPU

    Raises:
        FloatingPointError: A field is no longer finite.

    Example:
        >>> circle = PeriodicInterval(0.0, 2 * torch.pi, 16)
        >>> u = evolve_pointwise(lambda z: -3 * z, ["u_x"], circle, circle.x.sin()[None], 0.5, 1, 1, waves=5)
        >>> torch.dist(u[0, :, 1], torch.sin(circle.x - 1.5)) < 1e-12
        tensor(True)
    """
    fields = list(dict.fromkeys(_parts(name)[0] for name in inputs))
    owner = torch.tensor([fields.index(_parts(name)[0]) for name in inputs])
    symbols = torch.stack([interval.symbol(len(_parts(name)[1]), real=True) for name in inputs])
    kept = torch.arange(symbols.shape[1]) <= waves
    own = torch.where(owner == torch.arange(len(fields))[:, None], linearised_at_rest(law, len(inputs)), 0)
    linear = torch.where(kept, own.to(symbols.dtype) @ symbols, 0)

    def remainder(flat: Tensor) -> Tensor:
        spectra = flat.view_as(linear)
        rates = law(interval.values(symbols * spectra[owner]).T).T
        return torch.where(kept, interval.transform(rates) - linear * spectra, 0).flatten()

    start = torch.where(kept, interval.transform(initial), 0)
    path = etdrk4(linear.flatten(), remainder, start.flatten(), dt, frames, substeps)
    return interval.values(path.unflatten(1, linear.shape)).movedim(0, -1)


def linearised_at_rest(law: PointwiseLaw, inputs: int, step: float = 1e-4) -> Tensor:
    """Return the derivatives of N by each input, where all are 0. Shapes: (rates, inputs)."""
    # Differences, as a test runs without gradients; whatever their error, the remainder makes up for it.
    steps = step * torch.eye(inputs, dtype=torch.float64)
    return (law(steps) - law(-steps)).T / (2 * step)


def beside_reference(
    law: PointwiseLaw, inputs: Sequence[str], solution: Mapping[str, np.ndarray], substeps: int, waves: int
) -> tuple[Tensor, Tensor]:
    """Solve a law from the start of a reference solution, on the same grid.

    Args:
        law: N, as in `evolve_pointwise`.
        inputs: What it reads.
        solution: ``x`` (places,), ``t`` (times,), both equidistant, and ``u`` (places, times). A complex u is two
            fields, its real and its imaginary part. If the last place holds what the first does, it is the end of the
            period, which otherwise is one place further.
        substeps: Steps between two times.
        waves: Waves kept.

    Returns:
        The solution of the law, all of it not a number if it does not stay finite, and the reference.

    Shapes: (places, times) twice
    """
    x, t, truth = (torch.from_numpy(np.ascontiguousarray(solution[name])) for name in "xtu")
    closed = torch.equal(truth[0], truth[-1])
    points = len(x) - closed
    upper = float(x[-1]) if closed else float(2 * x[-1] - x[-2])
    interval, frames = PeriodicInterval(float(x[0]), upper, points), len(t) - 1
    start = truth[:points, 0]
    start = torch.stack([start.real, start.imag]) if start.is_complex() else start[None]
    try:
        dt = float(t[-1] - t[0]) / frames
        fields = evolve_pointwise(law, inputs, interval, start, dt, frames, substeps, waves)
        found = torch.complex(*fields) if truth.is_complex() else fields[0]
    except FloatingPointError:
        found = torch.full_like(truth[:points], torch.nan)
    return torch.cat([found, found[:1]]) if closed else found, truth


def _parts(name: str) -> tuple[str, str]:
    """The field of a derivative and the letters that it is differentiated by."""
    field, _, letters = name.partition("_")
    return field, letters
