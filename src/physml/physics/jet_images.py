"""Jets as images: transverse momentum in pixels of pseudorapidity and azimuth, in a standard pose."""

import numpy as np
from scipy.ndimage import gaussian_filter

from physml.ops import lorentz
from physml.physics.jets import sum_by_jet


def jet_images(
    p: np.ndarray, offsets: np.ndarray, pixels: int = 40, half_width: float = 0.8, resolution: float = 0.04
) -> np.ndarray:
    r"""Return images of jets after :func:`pose`, blurred by the angular resolution, each with sum one.

    .. math:: I_{ij} = (G_s * H)_{ij} \Big/ \sum_{ij} (G_s * H)_{ij}, \qquad
              H_{ij} = \sum_{k \in \text{pixel } ij} p_{T,k}

    with a Gaussian G of width s. Constituents outside the square are left out, what is blurred over its edge is lost.

    Units: pixels are pure numbers; `half_width` and `resolution` in radian (and units of pseudorapidity).

    Source: the steps of M. Farina, Y. Nakai, D. Shih 2018, arXiv 1808.08992, and T. Heimel et al. 2018,
    arXiv 1808.08979: centre, rotate, flip, pixelate, normalise. The blur stands in for hadronisation and detector.

    Args:
        p: Four-momenta of the constituents, shape (points, 4).
        offsets: Jet i owns the constituents ``offsets[i]:offsets[i + 1]``, shape (jets + 1,).
        pixels: Number of pixels along each side.
        half_width: Half of the side of the square.
        resolution: Width s of the blur; 0 for none.

    Returns:
        Images, first index down along azimuth′, second along pseudorapidity′, shape (jets, pixels, pixels), float32.

    Raises:
        ValueError: A jet has nothing in the square.
    """
    pt, eta, phi, jet = pose(p, offsets)
    count = len(offsets) - 1
    column = np.floor((eta + half_width) * pixels / (2 * half_width)).astype(np.int64)
    row = np.floor((phi + half_width) * pixels / (2 * half_width)).astype(np.int64)
    seen = (column >= 0) & (column < pixels) & (row >= 0) & (row < pixels)
    images = np.zeros((count, pixels, pixels), np.float32)
    np.add.at(images, (jet[seen], row[seen], column[seen]), pt[seen].astype(np.float32))
    width = resolution * pixels / (2 * half_width)
    images = gaussian_filter(images, (0, width, width), mode="constant") if resolution else images
    total = images.sum(axis=(1, 2), keepdims=True)
    if not total.all():
        raise ValueError(f"expected light in every image, got none in {int((total == 0).sum())}: raise half_width")
    return images / total


def pose(p: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    r"""Bring jets into a standard pose: centred, the principal axis upright, the harder half right and up.

    The centre is the mean of (η, φ) with weights p_T; the principal axis is that of the covariance with these weights,

    .. math:: \alpha = \tfrac12 \operatorname{atan2}(2 C_{\eta\phi},\; C_{\eta\eta} - C_{\phi\phi})

    and the jet is rotated until it lies along φ′. Reflections then put the larger sum of p_T at η′ > 0 and φ′ > 0.

    Units: GeV, radian.

    Args:
        p: Four-momenta of the constituents, shape (points, 4).
        offsets: Jet i owns the constituents ``offsets[i]:offsets[i + 1]``, shape (jets + 1,).

    Returns:
        Transverse momentum, η′, φ′ and number of the jet of each constituent, each of shape (points,).
    """
    count = len(offsets) - 1
    jet = np.repeat(np.arange(count), np.diff(offsets))
    axis = sum_by_jet(p, jet, count)
    pt = lorentz.transverse_momentum(p)
    eta = lorentz.pseudorapidity(p) - lorentz.pseudorapidity(axis)[jet]
    phi = lorentz.wrap(lorentz.azimuth(p) - lorentz.azimuth(axis)[jet])  # no jet straddles the cut of the angle

    def mean(values: np.ndarray) -> np.ndarray:
        return np.bincount(jet, pt * values, count) / np.bincount(jet, pt, count)

    eta, phi = eta - mean(eta)[jet], phi - mean(phi)[jet]
    turn = (np.pi / 2 - np.arctan2(2 * mean(eta * phi), mean(eta**2 - phi**2)) / 2)[jet]
    eta, phi = np.cos(turn) * eta - np.sin(turn) * phi, np.sin(turn) * eta + np.cos(turn) * phi
    eta, phi = (u * np.where(mean(np.sign(u)) < 0, -1, 1)[jet] for u in (eta, phi))
    return pt, eta, phi, jet
