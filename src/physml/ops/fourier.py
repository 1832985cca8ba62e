"""Functions on a periodic interval, by their Fourier series."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class PeriodicInterval:
    r"""Equidistant points on a periodic interval, and the derivatives of functions given there.

    .. math::
        u(x_j) = \frac1N \sum_m \hat u_m\, e^{i k_m (x_j - a)}, \qquad k_m = \frac{2 \pi m}{b - a}, \qquad
        \widehat{\partial_x^n u}_m = (i k_m)^n\, \hat u_m

    Exact for the waves up to N/2 that the points resolve. Real functions are held by half of their spectrum. With an
    even number of points the shortest wave, cos πj, has no odd derivative at the points.

    Units: lengths as those of a and b.

    Source: Trefethen 2000, "Spectral methods in MATLAB", doi 10.1137/1.9780898719598, chapter 3.

    Args:
        lower: a, the first point.
        upper: b, where the first point recurs.
        points: N.

    Raises:
        ValueError: The interval is empty or has less than three points.

    Example:
        >>> circle = PeriodicInterval(0.0, 2 * math.pi, 8)
        >>> torch.dist(circle.derivative(circle.x.sin()), circle.x.cos()) < 1e-14
        tensor(True)
    """

    lower: float
    upper: float
    points: int

    def __post_init__(self) -> None:
        if not (self.lower < self.upper and self.points >= 3):
            raise ValueError(
                f"expected lower < upper and at least 3 points, got {self.lower:g}, {self.upper:g} and {self.points}: "
                "choose others"
            )

    @property
    def x(self) -> Tensor:
        """The points, in double precision. Shapes: (points,)."""
        return self.lower + (self.upper - self.lower) / self.points * torch.arange(self.points, dtype=torch.float64)

    def transform(self, u: Tensor) -> Tensor:
        """Return û, half of it for a real u. Shapes: (…, points) → (…, waves)."""
        return torch.fft.fft(u) if u.is_complex() else torch.fft.rfft(u)

    def values(self, spectrum: Tensor) -> Tensor:
        """Return u. Shapes: (…, waves) → (…, points)."""
        if spectrum.shape[-1] == self.points:
            return torch.fft.ifft(spectrum)
        return torch.fft.irfft(spectrum, self.points)

    def symbol(self, order: int, real: bool) -> Tensor:
        """Return (i k)ⁿ for the waves of a real or a complex function. Shapes: (waves,), complex."""
        frequencies = torch.fft.rfftfreq if real else torch.fft.fftfreq
        k = 2 * math.pi * frequencies(self.points, (self.upper - self.lower) / self.points, dtype=torch.float64)
        if order % 2 and self.points % 2 == 0:
            k[self.points // 2] = 0
        return (1j * k) ** order

    def derivative(self, u: Tensor, order: int = 1) -> Tensor:
        """Return the n-th derivative of u. Shapes: (…, points) → (…, points)."""
        return self.values(self.symbol(order, not u.is_complex()).to(u.device) * self.transform(u))


def self_advection(interval: PeriodicInterval) -> Callable[[Tensor], Tensor]:
    r"""Return the function that maps the spectrum of a real u to that of −u u_x.

    .. math:: \hat u \mapsto -\tfrac12\, i k\, \widehat{u^2}

    In this form the mean of u is conserved exactly. Products are not filtered: u has to be resolved.

    Example:
        >>> circle = PeriodicInterval(0.0, 2 * math.pi, 8)
        >>> advected = circle.values(self_advection(circle)(circle.transform(circle.x.sin())))
        >>> torch.dist(advected, -circle.x.sin() * circle.x.cos()) < 1e-14
        tensor(True)
    """
    slope = interval.symbol(1, real=True)

    def advect(spectrum: Tensor) -> Tensor:
        return -0.5 * slope * interval.transform(interval.values(spectrum) ** 2)

    return advect
