"""Coefficients of a law from trajectories that it has to run through."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from physml.ops.integrators import integrate
from physml.ops.monomials import monomial_slopes, monomials

JOINT = 1e3  # weight of a gap between windows beside an error of a sample: gaps become as good as closed


class Refinement(NamedTuple):
    """What measured trajectories say of a law whose terms are known.

    Args:
        coefficients: Ξ (terms, variables), 0 where there is no term.
        standard_errors: Those of Ξ for white noise on the states (terms, variables), 0 where there is no term.
        noise: Standard deviation of that noise, from what the law leaves of the states.
    """

    coefficients: Tensor
    standard_errors: Tensor
    noise: float


def multiple_shooting(
    x: Tensor,
    powers: Tensor,
    coefficients: Tensor,
    dt: float,
    window: int,
    substeps: int = 1,
    iterations: int = 30,
    tolerance: float = 1e-2,
) -> Refinement:
    r"""Fit the coefficients of a law, and the states that its trajectories start from, to measured trajectories.

    .. math::
        \min_{\Xi, s} \sum_{w, i} \lVert \varphi_{t_i}(s_w; \Xi) - x_{w i} \rVert^2 \quad \text{with} \quad
        \varphi_T(s_w; \Xi) = s_{w + 1}, \qquad
        \dot\varphi_t = \Theta(\varphi_t)\, \Xi, \quad \varphi_0(s) = s

    For white noise on the states this is the estimate of maximum likelihood, while regression, in the weak form as
    well, has the noise in its library. What a trajectory of a chaotic law becomes depends too much on its start for
    this to be the unknown: it is cut into windows w with starts of their own, as long as an error takes to grow e-fold
    or shorter, and the condition that they join is met at the end, not on the way. Gauss–Newton steps, with the
    derivatives of φ by s and Ξ from the variational equations; a step that does not lower the sum of squares, of gaps
    as well, is halved.

    Units: those of the trajectories; `dt` in that of time.

    Source: Bock 1983, doi 10.1007/978-1-4684-7324-7_7.

    Args:
        x: Trajectories, as measured.
        powers: Powers of the variables in each term of Θ.
        coefficients: Ξ to begin with; what is 0 stays 0.
        dt: Time between two samples.
        window: Samples of a window; what is left at the end of a trajectory is not used.
        substeps: Runge–Kutta steps from one sample to the next.
        iterations: Steps, at most.
        tolerance: The last step is the first one that changes Ξ by less than this part of its standard errors.

    Returns:
        The coefficients and their standard errors; where the law's trajectories do not stay finite to begin with, the
        coefficients as they were given and NaN.

    Shapes: x (trajectories, samples, variables), powers (terms, variables), coefficients (terms, variables)

    Raises:
        ValueError: The trajectories are shorter than a window, there is no term, or there are not more numbers in the
            windows than unknowns: the coefficients and a start of each trajectory.
    """
    if x.shape[1] < window:
        raise ValueError(f"expected trajectories of at least {window} samples, got {x.shape[1]}: lower window")
    terms = coefficients != 0
    windows = x[:, : x.shape[1] // window * window].unflatten(1, (-1, window))
    values, unknowns = windows.numel(), int(terms.sum()) + x[:, 0].numel()
    if not terms.any():
        raise ValueError("expected a law with terms, got coefficients of 0: lower the threshold or raise the degree")
    if values <= unknowns:
        raise ValueError(
            f"expected more measured values than unknowns, got {values} for {unknowns} unknowns: give more samples"
        )
    problem = _Problem(windows, powers[terms.any(1)], terms[terms.any(1)], dt, substeps)
    fit = problem.fit(windows[:, :, 0], coefficients[terms])
    for _ in range(iterations):
        before, fit = fit, problem.improved(fit)
        if fit is before or ((fit.values - before.values).abs() <= tolerance * fit.errors).all():
            break
    refined, errors = torch.zeros_like(coefficients), torch.zeros_like(coefficients)
    refined[terms], errors[terms] = fit.values, fit.errors
    return Refinement(refined, errors, fit.noise)


class _Fit(NamedTuple):
    """A point of the minimisation, and the Gauss–Newton step from there."""

    starts: Tensor  # s (trajectories, windows, variables)
    values: Tensor  # the coefficients that are not 0 (values,)
    squares: float  # the sum to be lowered
    starts_step: Tensor
    values_step: Tensor
    errors: Tensor  # of the values
    noise: float


class _Problem(NamedTuple):
    """Measured windows and the terms of the law."""

    windows: Tensor  # (trajectories, windows, samples, variables)
    powers: Tensor  # (terms, variables)
    terms: Tensor  # which coefficients there are (terms, variables)
    dt: float
    substeps: int

    def fit(self, starts: Tensor, values: Tensor) -> _Fit:
        """Return the step from a point."""
        n, samples = starts.shape[2], self.windows.shape[2]
        runs = self._runs(starts, values)
        runs[..., -1] -= torch.cat([self.windows, torch.zeros_like(starts)[:, :, None]], dim=2)
        errors, ends = runs[:, :, :samples].flatten(2, 3), runs[:, :, samples]
        ends[..., -1] -= starts.roll(-1, dims=1)
        gaps = JOINT * ends
        gaps[:, -1] = 0  # the end is free
        squares = float(errors[..., -1].square().sum() + gaps[..., -1].square().sum())
        starts_step, values_step, spread = _gauss_newton(torch.linalg.qr(errors, mode="r")[1], gaps)
        freedom = errors[..., -1].numel() - starts.shape[0] * n - len(values)
        noise = (squares / freedom) ** 0.5
        return _Fit(starts, values, squares, starts_step, values_step, noise * spread, noise)

    def improved(self, fit: _Fit) -> _Fit:
        """Take the step, or a part of it that lowers the sum; stay where none does."""
        for halvings in range(8):
            part = 0.5**halvings
            trial = self.fit(fit.starts + part * fit.starts_step, fit.values + part * fit.values_step)
            if trial.squares < fit.squares:
                return trial
        return fit

    def _runs(self, starts: Tensor, values: Tensor) -> Tensor:
        """States by the law, their derivatives by the starts and by the values before them in the last dimension.

        Shapes: (trajectories, windows, variables) → (trajectories, windows, samples + 1, variables, columns)
        """
        n = starts.shape[-1]
        state = starts.new_zeros(*starts.shape, n + len(values) + 1)
        state[..., :n] = torch.eye(n)
        state[..., -1] = starts
        runs = integrate(
            self._rate(values), state.flatten(0, 1), self.dt, self.windows.shape[2], substeps=self.substeps
        )
        return runs.transpose(1, 2).unflatten(0, starts.shape[:2])

    def _rate(self, values: Tensor) -> Callable[[Tensor], Tensor]:
        """The variational equations. Shapes: (…, variables, columns) → (…, variables, columns)."""
        n, count = self.terms.shape[1], len(values)
        coefficients = values.new_zeros(self.terms.shape)
        coefficients[self.terms] = values
        term, equation = self.terms.nonzero().T
        explicit = F.one_hot(equation, n).T.to(values)  # each value is in one equation

        def rate(state: Tensor) -> Tensor:
            x = state[..., -1]
            library = monomials(x, self.powers)
            change = (monomial_slopes(x, self.powers) @ coefficients).mT @ state
            change[..., n : n + count] += library[..., None, term] * explicit
            change[..., -1] = library @ coefficients
            return change

        return rate


def _gauss_newton(errors: Tensor, gaps: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    r"""Solve the linearised problem window by window, each start eliminated in favour of the next one.

    Of :math:`[A_w\, \delta s_w + B_w\, \delta\Xi + r_w]` and :math:`[G_w\, \delta s_w + H_w\, \delta\Xi + g_w - \rho\,
    \delta s_{w + 1}]` the orthogonal transformation to a triangle leaves one part that gives δs_w from what comes after
    it, and one without δs_w, which goes on with the next window. Nothing is multiplied along the trajectory.

    Args:
        errors: Triangles of (A, B, r) (trajectories, windows, rows, columns).
        gaps: (G, H, g) (trajectories, windows, variables, columns), 0 at the last window.

    Returns:
        δs (trajectories, windows, variables), δΞ (values,) and its standard errors for noise of size 1.
    """
    trajectories, windows, n, columns = gaps.shape
    left, triangles = gaps.new_zeros(trajectories, 0, columns), []
    for w in range(windows):
        known = torch.cat([errors[:, w], left], dim=1)
        joint = -JOINT * torch.eye(n).to(gaps) * (w < windows - 1)
        rows = [
            torch.cat([known[..., :n], known.new_zeros(*known.shape[:2], n), known[..., n:]], dim=-1),
            torch.cat([gaps[:, w, :, :n], joint.expand(trajectories, n, n), gaps[:, w, :, n:]], dim=-1),
        ]
        triangle = torch.linalg.qr(torch.cat(rows, dim=1), mode="r")[1]
        triangles.append(triangle[:, :n])
        left = triangle[:, n:, n:]
    last = torch.linalg.qr(left[..., n:].flatten(0, 1), mode="r")[1]
    inverse = torch.linalg.solve_triangular(last[:-1, :-1], torch.eye(columns - n - 1).to(gaps), upper=True)
    values_step = -inverse @ last[:-1, -1]
    steps = [gaps.new_zeros(trajectories, n)]  # the end, in no equation
    for triangle in reversed(triangles):
        rest = triangle[..., -1] + triangle[..., 2 * n : -1] @ values_step
        rest = rest + (triangle[..., n : 2 * n] @ steps[-1][..., None])[..., 0]
        steps.append(-torch.linalg.solve_triangular(triangle[..., :n], rest[..., None], upper=True)[..., 0])
    return torch.stack(steps[:0:-1], dim=1), values_step, inverse.norm(dim=1)
