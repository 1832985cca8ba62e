"""Functions on a periodic square, by their Fourier series."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class PeriodicSquare:
    r"""Equidistant points on a periodic square, and the derivatives of real functions given there.

    .. math::
        w(x_i, y_j) = \frac{1}{N^2} \sum_{m, n} \hat w_{mn}\, e^{i (k_m x_i + k_n y_j)}, \qquad
        k_m = \frac{2 \pi m}{L}

    As `physml.ops.fourier.PeriodicInterval` in two dimensions. Spectra are flat: half of the waves, row after row.

    Units: lengths as that of L.

    Source: Trefethen 2000, "Spectral methods in MATLAB", doi 10.1137/1.9780898719598; Orszag 1971,
    doi 10.1175/1520-0469(1971)028<1074:OTEOAI>2.0.CO;2 (the two thirds).

    Args:
        length: L.
        points: N, along each side.

    Raises:
        ValueError: The square is empty or has less than two points along a side.

    Example:
        >>> square = PeriodicSquare(2 * math.pi, 8)
        >>> w = square.x.sin()[:, None] * square.x.cos()
        >>> by_xy = square.values(square.symbol(1, 1) * square.transform(w))
        >>> torch.dist(by_xy, -square.x.cos()[:, None] * square.x.sin()) < 1e-14
        tensor(True)
    """

    length: float
    points: int

    def __post_init__(self) -> None:
        if not (self.length > 0 and self.points >= 2):
            raise ValueError(
                f"expected a length > 0 and at least 2 points, got {self.length:g} and {self.points}: choose others"
            )

    @property
    def x(self) -> Tensor:
        """The points along a side, from 0, in double precision. Shapes: (points,)."""
        return self.length / self.points * torch.arange(self.points, dtype=torch.float64)

    def transform(self, w: Tensor) -> Tensor:
        """Return ŵ. Shapes: (…, points of x, points of y) → (…, waves)."""
        return torch.fft.rfft2(w).flatten(-2)

    def values(self, spectrum: Tensor) -> Tensor:
        """Return w. Shapes: (…, waves) → (…, points of x, points of y)."""
        return torch.fft.irfft2(spectrum.unflatten(-1, (self.points, -1)), (self.points, self.points))

    def symbol(self, x_order: int, y_order: int) -> Tensor:
        r"""Return :math:`(i k_m)^p (i k_n)^q`, without odd derivatives of the shortest wave. Shapes: (waves,)."""
        kx, ky = (2 * math.pi / self.length * number for number in self._numbers)
        for k, order in ((kx, x_order), (ky, y_order)):
            if order % 2 and self.points % 2 == 0:
                k[self.points // 2] = 0
        return ((1j * kx[:, None]) ** x_order * (1j * ky) ** y_order).flatten()

    @property
    def resolved(self) -> Tensor:
        """Which waves are longer than three points: products of these alias onto none of them. Shapes: (waves,)."""
        m, n = self._numbers
        return ((3 * m.abs() < self.points)[:, None] & (3 * n < self.points)).flatten()

    @property
    def _numbers(self) -> tuple[Tensor, Tensor]:
        spacing = 1 / self.points
        whole, half = (f(self.points, spacing, dtype=torch.float64) for f in (torch.fft.fftfreq, torch.fft.rfftfreq))
        return whole, half
