"""Exponential time differencing: stiff equations whose stiff part is linear and diagonal."""

import math
from collections.abc import Callable

import torch
from torch import Tensor


def etdrk4(
    linear: Tensor,
    nonlinear: Callable[[Tensor], Tensor],
    initial: Tensor,
    dt: float,
    frames: int,
    substeps: int,
) -> Tensor:
    r"""Solve v̇ = L v + N(v) by exponential time differencing with a Runge–Kutta scheme of order 4.

    .. math::
        a_n &= e^{Lh/2} v_n + Q\, N(v_n), \qquad
        b_n = e^{Lh/2} v_n + Q\, N(a_n), \qquad
        c_n = e^{Lh/2} a_n + Q\, (2 N(b_n) - N(v_n)) \\
        v_{n+1} &= e^{Lh} v_n + f_1 N(v_n) + 2 f_2 (N(a_n) + N(b_n)) + f_3 N(c_n)

    L is solved exactly, so that only N limits the step. The coefficients Q, f₁, f₂ and f₃, which cancel near L = 0, are
    means over a circle around L h.

    Units: those of `initial`; times in that of L⁻¹.

    Source: Cox and Matthews 2002, doi 10.1006/jcph.2002.6995, eqs. 26 to 29; Kassam and Trefethen 2005,
    doi 10.1137/S1064827502410633 (coefficients by contour integrals).

    Args:
        linear: L, the diagonal of the linear part, in double precision.
        nonlinear: N.
        initial: v at the first time.
        dt: Time between two frames.
        frames: Frames after the initial one.
        substeps: Steps from one frame to the next, h = dt / substeps.

    Shapes:
        linear (modes,), initial (…, modes) → (frames + 1, …, modes)

    Raises:
        FloatingPointError: v is no longer finite.

    Example:
        >>> path = etdrk4(torch.tensor([-1.0], dtype=torch.float64), lambda v: v**2, torch.tensor([0.5]), 1.0, 1, 100)
        >>> round(float(path[-1]), 8), round(1 / (1 + math.e), 8)
        (0.26894142, 0.26894142)
    """
    whole, half, q, f1, f2, f3 = _coefficients(linear, dt / substeps)
    state = initial.to(torch.promote_types(initial.dtype, linear.dtype))
    path = [state]
    for frame in range(frames):
        for _ in range(substeps):
            n_v = nonlinear(state)
            decayed = half * state
            a = decayed + q * n_v
            n_a = nonlinear(a)
            n_b = nonlinear(decayed + q * n_a)
            n_c = nonlinear(half * a + q * (2 * n_b - n_v))
            state = whole * state + f1 * n_v + 2 * f2 * (n_a + n_b) + f3 * n_c
        if not torch.isfinite(torch.view_as_real(state) if state.is_complex() else state).all():
            raise FloatingPointError(
                f"the solution is no longer finite at frame {frame + 1} of {frames} with {substeps} steps a frame: "
                "raise substeps"
            )
        path.append(state)
    return torch.stack(path)


def _coefficients(linear: Tensor, h: float, points: int = 64) -> tuple[Tensor, ...]:
    """e^{Lh}, e^{Lh/2}, Q, f₁, f₂ and f₃; real for a real L."""
    circle = torch.exp(2j * math.pi * (torch.arange(points, dtype=torch.float64) + 0.5) / points)
    z = h * linear[:, None] + circle.to(linear.device)
    e, e_half = z.exp(), (z / 2).exp()

    def mean(values: Tensor) -> Tensor:
        found = h * values.mean(dim=1)
        return found if linear.is_complex() else found.real

    return (
        (h * linear).exp(),
        (h * linear / 2).exp(),
        mean((e_half - 1) / z),
        mean((-4 - z + e * (4 - 3 * z + z**2)) / z**3),
        mean((2 + z + e * (z - 2)) / z**3),
        mean((-4 - 3 * z - z**2 + e * (4 - z)) / z**3),
    )
