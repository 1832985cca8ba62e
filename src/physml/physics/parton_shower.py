r"""Final-state parton shower: collinear splittings in order of falling opening angle.

Angular ordering accounts for the coherence of soft gluons. Energies are shared as the splittings say, opening angles
are exact, and the virtual masses that follow make four-momentum conserved in every splitting.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

COLOUR_QUARK, COLOUR_GLUON, TRACE = 4 / 3, 3.0, 1 / 2
FLAVOURS = 5
MASS_Z = 91.19  # GeV


@dataclass(frozen=True)
class Shower:
    """Trees of partons, all jets in one; parents come before their daughters, which are neighbours.

    Args:
        momentum: Four-momentum (E, p_x, p_y, p_z) of each parton, GeV, shape (partons, 4).
        jet: Number of the jet of each parton, shape (partons,).
        parent: Number of the parton that split into this one, −1 for the first of a jet, shape (partons,).
        angle: Opening angle at which the parton splits, radian, 0 if it does not, shape (partons,).
        gluon: Whether the parton is a gluon, shape (partons,).
    """

    momentum: np.ndarray
    jet: np.ndarray
    parent: np.ndarray
    angle: np.ndarray
    gluon: np.ndarray

    @property
    def final(self) -> np.ndarray:
        """Whether each parton reaches the detector, shape (partons,)."""
        return self.angle == 0


def strong_coupling(scale: np.ndarray, alpha_s: float = 0.118) -> np.ndarray:
    r"""Return the strong coupling at one loop with five flavours.

    .. math::
        \alpha_s(k) = \frac{\alpha_s(m_Z)}{1 + 2 b_0\,\alpha_s(m_Z) \ln (k / m_Z)}, \qquad
        b_0 = \frac{33 - 2 n_f}{12 \pi}

    Units: `scale` k in GeV; valid well above 0.1 GeV, where it diverges.

    Source: R. K. Ellis, W. J. Stirling, B. R. Webber 1996, QCD and Collider Physics, doi:10.1017/CBO9780511628788,
    chapter 2.

    Args:
        scale: Transverse momentum k of the splitting.
        alpha_s: Coupling at the mass of the Z boson.
    """
    slope = (33 - 2 * FLAVOURS) / (12 * np.pi)
    return alpha_s / (1 + 2 * slope * alpha_s * np.log(scale / MASS_Z))


def splitting_function(x: np.ndarray, gluon: np.ndarray) -> np.ndarray:
    r"""Return the splitting functions, as densities in the energy fraction of the second daughter.

    .. math::
        P_q(x) &= C_F \frac{1 + (1 - x)^2}{x} \quad (q \to q g) \\
        P_g(x) &= C_A \left[ \frac{2 (1 - x)}{x} + x (1 - x) \right] + n_f T_R \left[ x^2 + (1 - x)^2 \right]
        \quad (g \to g g,\; g \to q \bar q)

    With z = 1 − x the first is C_F (1 + z²)/(1 − z). The two gluons are told apart: of them the second carries the
    singularity at x → 0, which leaves the symmetrised density unchanged.

    Units: pure numbers.

    Source: R. K. Ellis, W. J. Stirling, B. R. Webber 1996, QCD and Collider Physics, doi:10.1017/CBO9780511628788,
    chapter 5; G. Altarelli and G. Parisi 1977, doi:10.1016/0550-3213(77)90384-4.

    Args:
        x: Energy fraction of the second daughter, 0 < x < 1 (of q → q g, the gluon).
        gluon: Whether the parent is a gluon.
    """
    quark = COLOUR_QUARK * (1 + (1 - x) ** 2) / x
    return np.where(gluon, COLOUR_GLUON * (2 * (1 - x) / x + x * (1 - x)) + _quark_pairs(x), quark)


def shower(
    rng: np.random.Generator,
    energy: np.ndarray,
    direction: np.ndarray,
    gluon: np.ndarray,
    angle: np.ndarray,
    alpha_s: float = 0.118,
    cutoff: float = 0.5,
    splitting: Callable[[np.ndarray, np.ndarray], np.ndarray] = splitting_function,
) -> Shower:
    r"""Let partons radiate until no splitting with a resolvable transverse momentum is left.

    .. math::
        \mathrm dP = \frac{\mathrm d\theta^2}{\theta^2}\, \mathrm dx\, \frac{\alpha_s(k_T)}{2\pi} P(x), \qquad
        k_T = x (1 - x) E \theta > Q_0

    The opening angle θ falls from parton to parton. It is drawn by the veto algorithm, for all partons at once. The
    mass of a parton follows from its daughters, the final ones being massless:

    .. math:: m_a^2 = m_b^2 + m_c^2 + 2 (E_b E_c - |\mathbf p_b| |\mathbf p_c| \cos\theta)

    Units: energies in GeV, angles in radian. No hadronisation, no polarisation, no quark masses.

    Source: A. Buckley et al. 2011, General-purpose event generators for LHC physics, arXiv 1101.2599, section 3;
    angular ordering: G. Marchesini and B. R. Webber 1984, doi:10.1016/0550-3213(84)90463-2.

    Args:
        rng: Random generator.
        energy: Energy E of the first parton of each jet, shape (jets,).
        direction: Unit vector of each jet, shape (jets, 3).
        gluon: Whether each jet begins with a gluon, shape (jets,).
        angle: Largest opening angle of each jet, at most about 1, shape (jets,).
        alpha_s: Coupling at the mass of the Z boson.
        cutoff: Smallest transverse momentum Q_0 of a splitting.
        splitting: The splitting function P(x), at most that of :func:`splitting_function`'s soft limit 2 C / x.

    Raises:
        ValueError: The coupling at the cutoff is not a perturbative one.
    """
    generations = []  # (parents, opening angle) of the pairs born together
    energies, gluons, jets = [energy], [gluon], [np.arange(len(energy))]
    active, scale, jet = np.arange(len(energy)), angle, jets[0]
    born = len(energy)
    ceiling = strong_coupling(np.array(cutoff), alpha_s)
    if not 0 < ceiling < 1:
        raise ValueError(f"the cutoff {cutoff} GeV lies too near the Landau pole: expected one above, such as 1 GeV")
    while len(active):
        room = energy * scale > 4 * cutoff  # x (1 − x) is at most 1/4
        active, scale, jet, energy, gluon = (array[room] for array in (active, scale, jet, energy, gluon))
        lowest = (1 - np.sqrt(1 - 4 * cutoff / (energy * scale))) / 2
        span = np.log((1 - lowest) / lowest)
        colour = np.where(gluon, COLOUR_GLUON, COLOUR_QUARK)
        rate = ceiling / (2 * np.pi) * 2 * colour * span  # per unit of ln θ², above the true one
        scale = scale * (1 - rng.random(len(active))) ** (1 / (2 * rate))
        x = lowest * np.exp(span * rng.random(len(active)))
        kt = x * (1 - x) * energy * scale
        share = strong_coupling(np.maximum(kt, cutoff), alpha_s) / ceiling * splitting(x, gluon) * x / (2 * colour)
        split = (kt > cutoff) & (rng.random(len(active)) < share)
        keep, x, parent_gluon = ~split, x[split], gluon[split]
        pair = parent_gluon & (rng.random(len(x)) * splitting(x, parent_gluon) < _quark_pairs(x))
        generations.append((active[split], scale[split]))
        energies.append(_side_by_side((1 - x) * energy[split], x * energy[split]))
        gluons.append(_side_by_side(parent_gluon & ~pair, ~pair))
        jets.append(np.repeat(jet[split], 2))
        daughters = born + np.arange(2 * len(x))
        born += len(daughters)
        active = np.concatenate([active[keep], daughters])
        scale = np.concatenate([scale[keep], np.repeat(scale[split], 2)])
        energy = np.concatenate([energy[keep], energies[-1]])
        gluon = np.concatenate([gluon[keep], gluons[-1]])
        jet = np.concatenate([jet[keep], jets[-1]])
    angles, parent = np.zeros(born), np.full(born, -1)
    first = len(direction)
    for parents, opening in generations:
        angles[parents] = opening
        for daughters in _pair(first, len(parents)):
            parent[daughters] = parents
        first += 2 * len(parents)
    momentum = _kinematics(rng, np.concatenate(energies), direction, generations)
    return Shower(momentum, np.concatenate(jets), parent, angles, np.concatenate(gluons))


def _kinematics(rng: np.random.Generator, energy: np.ndarray, direction: np.ndarray, generations: list) -> np.ndarray:
    """Return four-momenta: masses from the last daughters up, then directions from the first parents down."""
    squared_mass, size = np.zeros(len(energy)), energy.copy()  # size = |p|
    first = len(energy)
    for parents, angle in reversed(generations):
        first -= 2 * len(parents)
        b, c = _pair(first, len(parents))
        product = energy[b] * energy[c] - size[b] * size[c] * np.cos(angle)
        squared_mass[parents] = squared_mass[b] + squared_mass[c] + 2 * product
        size[parents] = np.sqrt(energy[parents] ** 2 - squared_mass[parents])
    momentum = np.empty((len(energy), 4))
    momentum[:, 0] = energy
    first = len(direction)
    momentum[:first, 1:] = size[:first, None] * direction
    for parents, angle in generations:
        b, c = _pair(first, len(parents))
        first += 2 * len(parents)
        axis = momentum[parents, 1:] / size[parents, None]
        along = size[b] * (size[b] + size[c] * np.cos(angle)) / size[parents]
        across = size[b] * size[c] * np.sin(angle) / size[parents]
        u, v = perpendicular(axis)
        azimuth = rng.uniform(0, 2 * np.pi, len(parents))[:, None]
        momentum[b, 1:] = along[:, None] * axis + across[:, None] * (np.cos(azimuth) * u + np.sin(azimuth) * v)
        momentum[c, 1:] = momentum[parents, 1:] - momentum[b, 1:]
    return momentum


def perpendicular(axis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return two unit vectors that make a right-handed orthonormal basis u, v, axis.

    Units: pure numbers.

    Source: T. Duff et al. 2017, Building an orthonormal basis, revisited, J. Computer Graphics Techniques 6, 1.

    Shapes:
        (…, 3) → (…, 3), (…, 3)
    """
    x, y, z = np.moveaxis(axis, -1, 0)
    sign = np.copysign(1.0, z)
    a = -1 / (sign + z)
    b = x * y * a
    return np.stack([1 + sign * x * x * a, sign * b, -sign * x], -1), np.stack([b, sign + y * y * a, -y], -1)


def _quark_pairs(x: np.ndarray) -> np.ndarray:
    return FLAVOURS * TRACE * (x**2 + (1 - x) ** 2)


def _pair(first: int, count: int) -> tuple[slice, slice]:
    return slice(first, first + 2 * count, 2), slice(first + 1, first + 2 * count, 2)


def _side_by_side(b: np.ndarray, c: np.ndarray) -> np.ndarray:
    return np.stack([b, c], axis=1).reshape(-1)
