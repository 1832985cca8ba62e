"""Algebra of four-vectors (E, p_x, p_y, p_z), for numpy arrays and torch tensors alike.

Metric signature (+, −, −, −), natural units c = 1: energies, momenta and masses in one unit, GeV unless said otherwise.
The beam runs along z. Conventions are those of the Particle Data Group's review of kinematics (S. Navas et al. 2024,
Phys. Rev. D 110, 030001).
"""

import numpy as np
import torch
from torch import Tensor


def dot(p: Tensor | np.ndarray, q: Tensor | np.ndarray) -> Tensor | np.ndarray:
    r"""Return the Lorentz-invariant product of two four-vectors.

    .. math:: p \cdot q = E_p E_q - \mathbf p \cdot \mathbf q

    Units: GeV² for momenta in GeV.

    Shapes:
        (…, 4), (…, 4) → (…)

    Example:
        >>> dot(torch.tensor([5.0, 3.0, 0.0, 0.0]), torch.tensor([5.0, 3.0, 0.0, 0.0]))
        tensor(16.)
    """
    return p[..., 0] * q[..., 0] - (p[..., 1:] * q[..., 1:]).sum(-1)


def mass(p: Tensor | np.ndarray) -> Tensor | np.ndarray:
    r"""Return the invariant mass :math:`m = \sqrt{p \cdot p}`.

    A product below zero, as rounding leaves for the massless, gives zero. The gradient of the massless is infinite.

    Units: as p.

    Shapes:
        (…, 4) → (…)
    """
    return dot(p, p).clip(min=0) ** 0.5


def transverse_momentum(p: Tensor | np.ndarray) -> Tensor | np.ndarray:
    r"""Return the momentum across the beam, :math:`p_T = \sqrt{p_x^2 + p_y^2}`.

    Units: as p.

    Shapes:
        (…, 4) → (…)
    """
    return _library(p).hypot(p[..., 1], p[..., 2])


def azimuth(p: Tensor | np.ndarray) -> Tensor | np.ndarray:
    r"""Return the angle around the beam, :math:`\phi = \operatorname{atan2}(p_y, p_x) \in (-\pi, \pi]`.

    Units: radian.

    Shapes:
        (…, 4) → (…)
    """
    return _library(p).arctan2(p[..., 2], p[..., 1])


def pseudorapidity(p: Tensor | np.ndarray) -> Tensor | np.ndarray:
    r"""Return the pseudorapidity, a function of the polar angle θ to the beam alone.

    .. math:: \eta = -\ln \tan \frac{\theta}{2} = \operatorname{arsinh} \frac{p_z}{p_T}

    Units: a pure number; infinite along the beam.

    Shapes:
        (…, 4) → (…)
    """
    return _library(p).arcsinh(p[..., 3] / transverse_momentum(p))


def rapidity(p: Tensor | np.ndarray) -> Tensor | np.ndarray:
    r"""Return the rapidity, to which a boost along the beam only adds a constant.

    .. math:: y = \operatorname{artanh} \frac{p_z}{E}

    Units: a pure number; equal to η for the massless.

    Shapes:
        (…, 4) → (…)
    """
    return _library(p).arctanh(p[..., 3] / p[..., 0])


def from_cylindrical(
    pt: Tensor | np.ndarray, eta: Tensor | np.ndarray, phi: Tensor | np.ndarray, m: Tensor | np.ndarray
) -> Tensor | np.ndarray:
    r"""Return the four-vector with the given coordinates around the beam.

    .. math::
        p = \left( \sqrt{m^2 + p_T^2 \cosh^2 \eta},\; p_T \cos\phi,\; p_T \sin\phi,\; p_T \sinh\eta \right)

    Units: `pt` (transverse momentum) and `m` (mass) in GeV, `phi` in radian, `eta` a pure number.

    Shapes:
        four times (…) → (…, 4)

    Example:
        >>> p = from_cylindrical(*torch.tensor([[3.0], [0.0], [0.0], [4.0]]))
        >>> p.tolist()
        [[5.0, 3.0, 0.0, 0.0]]
    """
    lib = _library(pt)
    energy = (m**2 + (pt * lib.cosh(eta)) ** 2) ** 0.5
    return lib.stack([energy, pt * lib.cos(phi), pt * lib.sin(phi), pt * lib.sinh(eta)], axis=-1)


def wrap(phi: Tensor | np.ndarray) -> Tensor | np.ndarray:
    r"""Return the angle brought into :math:`[-\pi, \pi)`, for differences of azimuths.

    Units: radian.

    Shapes:
        (…) → (…)
    """
    return (phi + np.pi) % (2 * np.pi) - np.pi


def boost(p: Tensor | np.ndarray, frame: Tensor | np.ndarray) -> Tensor | np.ndarray:
    r"""Boost four-vectors from the rest frame of a massive body to the frame where that body has momentum `frame`.

    .. math::
        E' = \gamma (E + \boldsymbol\beta \cdot \mathbf p), \qquad
        \mathbf p' = \mathbf p + \left( \frac{\gamma^2}{\gamma + 1}\, \boldsymbol\beta \cdot \mathbf p
        + \gamma E \right) \boldsymbol\beta, \qquad
        \boldsymbol\beta = \mathbf P / E_P, \quad \gamma = E_P / M

    The inverse is the boost with the opposite momentum, :func:`reverse` of `frame`.

    Units: as p; of `frame` only the velocity matters.

    Source: J. D. Jackson 1998, Classical Electrodynamics, 3rd edition, equation 11.19, with the sign of β turned.

    Shapes:
        (…, 4), (…, 4) → (…, 4)

    Example:
        >>> rest = torch.tensor([4.0, 0.0, 0.0, 0.0])
        >>> boost(rest, torch.tensor([5.0, 3.0, 0.0, 0.0])).tolist()
        [5.0, 3.0, 0.0, 0.0]
    """
    lib = _library(p)
    m = mass(frame)[..., None]
    gamma, u = frame[..., :1] / m, frame[..., 1:] / m  # u = γβ
    along = (u * p[..., 1:]).sum(-1)[..., None]
    energy = gamma * p[..., :1] + along
    momentum = p[..., 1:] + (along / (gamma + 1) + p[..., :1]) * u
    return lib.concatenate([energy, momentum], axis=-1)


def reverse(p: Tensor | np.ndarray) -> Tensor | np.ndarray:
    r"""Return the four-vector with its momentum turned round, :math:`(E, -\mathbf p)`.

    Units: as p.

    Shapes:
        (…, 4) → (…, 4)
    """
    return _library(p).concatenate([p[..., :1], -p[..., 1:]], axis=-1)


def _library(p: Tensor | np.ndarray):
    """Return the library whose functions act on `p`; numpy and torch name all that are used here alike."""
    return torch if isinstance(p, Tensor) else np
