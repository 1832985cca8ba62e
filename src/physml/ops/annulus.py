"""Functions on an annulus: Fourier series around it, finite differences across it."""

from collections.abc import Callable
from functools import cached_property

import numpy as np
from scipy import fft, sparse
from scipy.interpolate import make_interp_spline
from scipy.sparse.linalg import splu

from physml.ops.finite_differences import difference_matrix

WIDTH = 9
Row = Callable[[int], sparse.sparray]


class Annulus:
    r"""Circles around the origin, and the derivatives of real functions given there.

    .. math::
        f(r_i, \theta) = \operatorname{Re} \Big(\hat f_{0i} + 2 \sum_{m=1}^{M} \hat f_{mi}\, e^{i m \theta}\Big),
        \qquad (r^2 \nabla^2 f)_m = \left(r \partial_r\, r \partial_r - m^2\right) \hat f_m

    Functions are kept as their waves :math:`\hat f`, (waves + 1, circles). Across, the derivatives have errors of
    eighth order in the distance of the circles, the second one of seventh.

    Units: lengths as those of r.

    Source: Fornberg 1996, "A practical guide to pseudospectral methods", doi 10.1017/CBO9780511626357.

    Args:
        r: Radii of the circles, increasing, the first one positive.
        waves: M. Products are computed on so many angles that none aliases.

    Example:
        >>> ring = Annulus(np.linspace(1.0, 2.0, 30), waves=4)
        >>> f = ring.transform(np.cos(2 * ring.angles)[:, None] * ring.r**2)  # x² − y² is harmonic
        >>> laplacian = np.stack([ring.laplacian(m) @ f[m] for m in range(5)])
        >>> bool(abs(laplacian).max() < 1e-9), ring.interpolate(f)(np.array([1.0]), np.array([0.5])).round(9)
        (True, array([0.75]))
    """

    def __init__(self, r: np.ndarray, waves: int) -> None:
        self.r, self.waves = r, waves
        self.angles = 2 * np.pi * np.arange(count := fft.next_fast_len(3 * waves + 1, real=True)) / count

    @property
    def m(self) -> np.ndarray:
        """The numbers of the waves. Shapes: (waves + 1, 1)."""
        return np.arange(self.waves + 1)[:, None]

    @cached_property
    def across(self) -> sparse.csr_array:
        """The matrix of r ∂/∂r. Shapes: (circles, circles)."""
        return (sparse.diags_array(self.r) @ difference_matrix(self.r, 1, WIDTH)).tocsr()

    @cached_property
    def _twice_across(self) -> sparse.csr_array:
        return (sparse.diags_array(self.r**2) @ difference_matrix(self.r, 2, WIDTH) + self.across).tocsr()

    def laplacian(self, m: int) -> sparse.csr_array:
        """Return the matrix of r² ∇² for a wave. Shapes: (circles, circles)."""
        return self._twice_across - m**2 * sparse.eye_array(len(self.r), format="csr")

    def at(self, circle: int) -> sparse.csr_array:
        """Return the row that reads the value on a circle. Shapes: (1, circles)."""
        return sparse.eye_array(len(self.r), format="csr")[[circle]]

    def transform(self, f: np.ndarray) -> np.ndarray:
        """Return the waves of values. Shapes: (angles, circles) → (waves + 1, circles)."""
        return fft.rfft(f, axis=0, norm="forward")[: self.waves + 1]

    def values(self, f: np.ndarray) -> np.ndarray:
        """Return the values of waves. Shapes: (waves + 1, circles) → (angles, circles)."""
        return fft.irfft(f, len(self.angles), axis=0, norm="forward")

    def by_radius(self, f: np.ndarray) -> np.ndarray:
        """Return r ∂f/∂r. Shapes: (waves + 1, circles) → the same."""
        return (self.across @ f.T).T

    def by_angle(self, f: np.ndarray) -> np.ndarray:
        """Return ∂f/∂θ. Shapes: (waves + 1, circles) → the same."""
        return 1j * self.m * f

    def solver(self, operator: Row, inner: Row, outer: Row) -> Callable[[np.ndarray], np.ndarray]:
        """Return a function that solves an equation for each wave, with conditions on the first and the last circle.

        Args:
            operator: Makes the matrix of a wave, (circles, circles); its first and last row are not used.
            inner: Makes the row of the condition on the first circle, (1, circles).
            outer: That on the last circle.

        Returns:
            A function of the right-hand sides, with those of the conditions. Shapes: (waves + 1, circles) → the same
        """
        blocks = [sparse.vstack([inner(m), operator(m)[1:-1], outer(m)]) for m in range(self.waves + 1)]
        factors = splu(sparse.block_diag(blocks, format="csc"), permc_spec="NATURAL")

        def solve(right: np.ndarray) -> np.ndarray:
            # The matrix is real: real and imaginary part are two columns.
            pairs = np.ascontiguousarray(right, dtype=complex).view(float).reshape(-1, 2)
            return np.ascontiguousarray(factors.solve(pairs)).view(complex).reshape(right.shape)

        return solve

    def interpolate(self, f: np.ndarray) -> Callable[..., np.ndarray]:
        """Return a function of places that agrees with f on the circles, by splines of degree 7 across.

        It takes the coordinates x and y, and how often it is to be differentiated by r (``radial``) and by θ
        (``angular``).

        Shapes: f (waves + 1, circles); x and y (places,) → (places,)
        """
        spline = make_interp_spline(self.r, f.T, k=7)

        def at(x: np.ndarray, y: np.ndarray, radial: int = 0, angular: int = 0) -> np.ndarray:
            radii, place = np.unique(np.hypot(x, y).round(12), return_inverse=True)
            waves = (1j * self.m[:, 0]) ** angular * spline(radii, nu=radial)
            waves[:, 1:] *= 2
            turns = np.exp(1j * np.arctan2(y, x))[:, None] ** self.m[:, 0]
            return np.einsum("pm,pm->p", waves.real[place], turns.real) - np.einsum(
                "pm,pm->p", waves.imag[place], turns.imag
            )

        return at
