r"""Conservation of charge where it is: what a place loses flows to its neighbours.

For a complex wave the density of charge, or of particles, is |u|². Dimensionless, with ħ = m = 1.
"""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class ChargeContinuity:
    r"""The continuity equation of a wave whose equation no change of phase alters.

    .. math::

        \rho_t + j_x = 0, \qquad \rho = |u|^2, \quad j = \mathrm{Im}(u^* u_x) \quad \Rightarrow \quad
        2\, \mathrm{Re}(u^* u_t) + \mathrm{Im}(u^* u_{xx}) = 0

    It holds for :math:`i u_t + \tfrac12 u_{xx} + V u = 0` with any real V, also with one that depends on x, on t or, as
    in the nonlinear equation, on |u|: a law to hold on to where V is unknown. Its integral over all x is the
    conservation of the total charge :math:`\int |u|^2 dx`.

    Units: see the module.

    Source: Landau, Lifshitz, Quantum Mechanics (the current density).
    """

    def residual(self, u: Tensor, u_t: Tensor, u_xx: Tensor) -> Tensor:
        """Return what is zero for a solution. Shapes: those of u, which is complex; returns real values."""
        return 2 * (u.conj() * u_t).real + (u.conj() * u_xx).imag
