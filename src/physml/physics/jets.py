"""Jets as the partons they are made of: from light quarks and gluons (QCD jets), and from boosted top quarks."""

import numpy as np

from physml.ops import lorentz
from physml.ops.bounds import check_at_least, check_positive
from physml.physics.parton_shower import shower

MASS_TOP, MASS_W = 172.5, 80.4  # GeV; S. Navas et al. 2024, Phys. Rev. D 110, 030001, rounded


def simulate(
    rng: np.random.Generator,
    count: int = 1000,
    top_fraction: float = 0.5,
    pt_min: float = 550.0,
    pt_max: float = 650.0,
    radius: float = 0.8,
    gluon_fraction: float = 0.5,
    alpha_s: float = 0.118,
    cutoff: float = 0.5,
) -> dict[str, np.ndarray]:
    """Draw a mixture of QCD jets and top jets, as the partons that end up in a cone around the jet's axis.

    The range of transverse momenta and the radius are those of Heimel, Kasieczka, Plehn, Thompson 2018. Jets fly across
    the beam; nothing but the jet itself (no underlying event, pile-up, hadronisation or detector) is simulated.

    Units: energies, momenta and masses in GeV, angles in radian.

    Source: T. Heimel, G. Kasieczka, T. Plehn, J. Thompson 2018, arXiv 1808.08979; M. Farina, Y. Nakai, D. Shih 2018,
    arXiv 1808.08992.

    Args:
        rng: Random generator.
        count: Number of jets.
        top_fraction: Probability that a jet is a top jet.
        pt_min: Smallest transverse momentum of the quark or gluon that makes a jet.
        pt_max: Largest transverse momentum.
        radius: Radius R of the cone in pseudorapidity and azimuth, and largest opening angle of a splitting.
        gluon_fraction: Probability that a QCD jet begins with a gluon.
        alpha_s: Strong coupling at the mass of the Z boson.
        cutoff: Smallest transverse momentum of a splitting.

    Returns:
        ``p``: four-momenta (E, p_x, p_y, p_z) of the constituents, shape (points, 4), of jet i those of
        ``offsets[i]:offsets[i + 1]``; ``m``: invariant mass of each jet; ``pT``: its transverse momentum; ``label``:
        1 for a top jet, 0 for a QCD jet.

    Raises:
        ValueError: A number is out of bounds.
    """
    check_at_least(1, count=count)
    if not (0 <= top_fraction <= 1 and 0 <= gluon_fraction <= 1):
        raise ValueError(
            f"expected top_fraction and gluon_fraction from 0 to 1, got {top_fraction:g} and {gluon_fraction:g}: "
            "they are probabilities"
        )
    check_at_least(0, pt_min=pt_min)
    check_at_least(pt_min, pt_max=pt_max)
    check_positive(radius=radius, alpha_s=alpha_s, cutoff=cutoff)
    label = (rng.random(count) < top_fraction).astype(np.int64)
    pt = rng.uniform(pt_min, pt_max, count)
    is_top = label == 1
    parts = [
        qcd_jets(rng, pt[~is_top], radius, gluon_fraction, alpha_s, cutoff),
        top_jets(rng, pt[is_top], radius, alpha_s, cutoff),
    ]
    jet = np.concatenate([np.flatnonzero(kind)[part[1]] for kind, part in zip((~is_top, is_top), parts, strict=True)])
    p = np.concatenate([part[0] for part in parts])
    order = np.argsort(jet, kind="stable")
    p, jet = p[order], jet[order]
    inside = in_cone(p, jet, count, radius)
    p, jet = p[inside], jet[inside]
    total = sum_by_jet(p, jet, count)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(jet, minlength=count))])
    return {
        "p": p,
        "offsets": offsets,
        "m": lorentz.mass(total),
        "pT": lorentz.transverse_momentum(total),
        "label": label,
    }


def qcd_jets(
    rng: np.random.Generator,
    pt: np.ndarray,
    radius: float = 0.8,
    gluon_fraction: float = 0.5,
    alpha_s: float = 0.118,
    cutoff: float = 0.5,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the final partons of showers that begin with a light quark or a gluon of energy `pt`, flying along x.

    Units: GeV, radian.

    Returns:
        Four-momenta, shape (partons, 4), and the jet of each, shape (partons,). A jet's momenta add up to energy `pt`
        and direction x.
    """
    direction = np.broadcast_to([1.0, 0.0, 0.0], (len(pt), 3))
    gluon = rng.random(len(pt)) < gluon_fraction
    partons = shower(rng, pt, direction, gluon, np.full(len(pt), radius), alpha_s, cutoff)
    return partons.momentum[partons.final], partons.jet[partons.final]


def top_jets(
    rng: np.random.Generator, pt: np.ndarray, radius: float = 0.8, alpha_s: float = 0.118, cutoff: float = 0.5
) -> tuple[np.ndarray, np.ndarray]:
    r"""Return the final partons of :math:`t \to b W,\; W \to q \bar q'` with a shower of each prong; tops fly along x.

    Both decays are isotropic (no polarisation) and without width. A prong radiates up to the angle to its partner in
    colour: the b quark's is the top quark, those of the W boson's quarks are each other; and not beyond
    :math:`m_W / (\sqrt 2 E)`, which keeps each prong lighter than about half a W boson. The shower gives a prong
    a mass; the decay is then made again with these masses and the same angles in the rest frame, and the partons are
    boosted along, so that the sum of all is the top quark's momentum and that of the last two prongs the W boson's.

    Units: GeV, radian.

    Source: for the rescaling of momenta in the rest frame, A. Buckley et al. 2011, arXiv 1101.2599, section 3.

    Returns:
        Four-momenta, shape (partons, 4), and the jet of each, shape (partons,).
    """
    partons, jet, _ = top_partons(rng, pt, radius, alpha_s, cutoff)
    return partons, jet


def top_partons(
    rng: np.random.Generator, pt: np.ndarray, radius: float = 0.8, alpha_s: float = 0.118, cutoff: float = 0.5
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what :func:`top_jets` does, and the prong of each parton: 0 for b, 1 and 2 for the quarks of the W."""
    count, none = len(pt), np.zeros(len(pt))
    top = lorentz.from_cylindrical(pt, none, none, np.full(count, MASS_TOP))
    angles = isotropic(rng, count), isotropic(rng, count)
    prongs = _three_prongs(top, angles, np.zeros((3, count)))
    b, quark, antiquark = prongs
    dipole = np.stack([_angle(b, top), _angle(quark, antiquark), _angle(quark, antiquark)])
    reach = np.minimum(np.minimum(dipole, MASS_W / (np.sqrt(2) * prongs[..., 0])), radius).reshape(-1)
    flat = prongs.reshape(-1, 4)
    direction = flat[:, 1:] / flat[:, :1]
    partons = shower(rng, flat[:, 0], direction, np.zeros(3 * count, bool), reach, alpha_s, cutoff)
    before = partons.momentum[: 3 * count]
    radiated = partons.angle[: 3 * count] > 0
    masses = np.where(radiated, lorentz.mass(before), 0.0).reshape(3, count)
    after = _three_prongs(top, angles, masses).reshape(-1, 4)
    p, prong = partons.momentum[partons.final], partons.jet[partons.final]
    move = radiated[prong]
    rest = lorentz.boost(p[move], lorentz.reverse(before[prong[move]]))
    p[move] = lorentz.boost(rest, after[prong[move]])
    p[~move] = after[prong[~move]]  # a massless parton by itself has no rest frame
    return p, prong % count, prong // count


def two_body_decay(parent: np.ndarray, direction: np.ndarray, m1: np.ndarray, m2: np.ndarray) -> np.ndarray:
    r"""Return the momenta of the two bodies into which each parent decays.

    .. math::
        |\mathbf p^*| = \frac{\sqrt{[M^2 - (m_1 + m_2)^2] [M^2 - (m_1 - m_2)^2]}}{2 M}

    back to back in the parent's rest frame, and boosted to the frame where the parent has its momentum.

    Units: GeV.

    Source: S. Navas et al. 2024, Phys. Rev. D 110, 030001, review of kinematics.

    Args:
        parent: Momentum of the parent of mass M, shape (…, 4).
        direction: Unit vector of the first body in the rest frame, shape (…, 3).
        m1: Mass of the first body, shape (…).
        m2: Mass of the second body, shape (…).

    Returns:
        Momenta, shape (2, …, 4).

    Raises:
        ValueError: The bodies are together heavier than the parent.
    """
    m = lorentz.mass(parent)
    if np.any(m1 + m2 > m):
        raise ValueError(
            f"a body of {m.min():.4g} GeV or more cannot decay to {np.max(m1 + m2):.4g} GeV: use lighter ones"
        )
    size = np.sqrt((m**2 - (m1 + m2) ** 2) * (m**2 - (m1 - m2) ** 2)) / (2 * m)
    momentum = size[..., None] * direction
    bodies = [(m1, momentum), (m2, -momentum)]
    rest = [np.concatenate([np.sqrt(mass**2 + size**2)[..., None], p], axis=-1) for mass, p in bodies]
    return lorentz.boost(np.stack(rest), parent)


def isotropic(rng: np.random.Generator, count: int) -> np.ndarray:
    """Return unit vectors distributed evenly over the sphere, shape (count, 3).

    Units: pure numbers.
    """
    cosine, azimuth = rng.uniform(-1, 1, count), rng.uniform(0, 2 * np.pi, count)
    sine = np.sqrt(1 - cosine**2)
    return np.stack([sine * np.cos(azimuth), sine * np.sin(azimuth), cosine], axis=-1)


def in_cone(p: np.ndarray, jet: np.ndarray, count: int, radius: float) -> np.ndarray:
    r"""Return which constituents lie within the radius of the axis of their jet.

    .. math:: \Delta R = \sqrt{(\eta - \eta_\text{jet})^2 + (\phi - \phi_\text{jet})^2} < R

    The axis is that of the sum of the jet's constituents. The one nearest to it is in the cone in any case, so that no
    jet is left empty.

    Units: `radius` R in radian (and units of pseudorapidity).
    """
    axis = sum_by_jet(p, jet, count)
    eta = lorentz.pseudorapidity(p) - lorentz.pseudorapidity(axis)[jet]
    phi = lorentz.wrap(lorentz.azimuth(p) - lorentz.azimuth(axis)[jet])
    distance = np.hypot(eta, phi)
    nearest = np.full(count, np.inf)
    np.minimum.at(nearest, jet, distance)
    return (distance < radius) | (distance == nearest[jet])


def sum_by_jet(p: np.ndarray, jet: np.ndarray, count: int) -> np.ndarray:
    """Return the sums of rows `p` that belong to the same jet, shape (count, columns)."""
    return np.stack([np.bincount(jet, column, count) for column in p.T], axis=-1)


def _three_prongs(top: np.ndarray, angles: tuple[np.ndarray, np.ndarray], masses: np.ndarray) -> np.ndarray:
    b, w = two_body_decay(top, angles[0], masses[0], np.full(len(top), MASS_W))
    return np.stack([b, *two_body_decay(w, angles[1], masses[1], masses[2])])


def _angle(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    sizes = np.linalg.norm(p[..., 1:], axis=-1) * np.linalg.norm(q[..., 1:], axis=-1)
    return np.arccos(((p[..., 1:] * q[..., 1:]).sum(-1) / sizes).clip(-1, 1))
