"""Two interleaved half circles smeared by Gaussian noise: a curved, bimodal density that is known to the last digit."""

import numpy as np

from physml.ops.bounds import check_at_least


def simulate(rng: np.random.Generator, count: int = 1000, noise: float = 0.1) -> dict[str, np.ndarray]:
    r"""Points of the two moons, and the logarithm of their true density.

    .. math::
        x = c_k(\theta) + \sigma \epsilon, \qquad k \in \{0, 1\}, \quad \theta \sim U(0, \pi), \quad
        \epsilon \sim N(0, 1)

    Units:
        Dimensionless; the half circles have radius 1, and logarithms are natural (nats).

    Source:
        The half circles are those of scikit-learn's ``make_moons`` (Pedregosa et al. 2011), whose angles are a grid.

    Args:
        rng: Source of randomness.
        count: Number of points.
        noise: Standard deviation σ of each coordinate.

    Returns:
        ``x`` (count, 2), ``log_density`` (count,), and which moon each point is from, ``k`` (count,).

    Raises:
        ValueError: A number is out of bounds.
    """
    check_at_least(1, count=count)
    k = rng.integers(2, size=count)
    centres = _moons(np.pi * rng.random(count))[k, np.arange(count)]
    x = centres + noise * rng.normal(size=(count, 2))
    return {"x": x, "log_density": log_density(x, noise), "k": k}


def log_density(x: np.ndarray, noise: float = 0.1) -> np.ndarray:
    r"""Logarithm of the density of the two moons, by Gauss–Legendre quadrature over the angle.

    .. math::
        p(x) = \frac12 \sum_{k=0}^{1} \frac1\pi \int_0^\pi
            \frac{1}{2 \pi \sigma^2} \exp\!\left( -\frac{|x - c_k(\theta)|^2}{2 \sigma^2} \right) d\theta, \qquad
        c_0 = (\cos\theta, \sin\theta), \quad c_1 = (1 - \cos\theta, \tfrac12 - \sin\theta)

    The integrand is entire and about as narrow as σ, so the rule converges faster than any power once its nodes lie
    closer than that; with the number chosen here log p of the points drawn is right to 1e-9 for σ from 0.02 to 1 (see
    its test).

    Units:
        Nats; x is dimensionless.

    Args:
        x: Points.
        noise: Standard deviation σ > 0.

    Shapes:
        x: (…, 2); returns (…).

    Raises:
        ValueError: `noise` is not positive.
    """
    if not noise > 0:
        raise ValueError(f"expected noise > 0, got {noise}: without noise the moons have no density in the plane")
    nodes, weights = np.polynomial.legendre.leggauss(32 + round(10 / noise))
    centres = _moons(0.5 * np.pi * (nodes + 1)).reshape(-1, 2)
    # 2 moons, each with probability 1/2, and the interval (−1, 1) of the rule has length 2.
    weights = np.tile(weights, 2) / 4
    exponent = -((x[..., :1] - centres[:, 0]) ** 2 + (x[..., 1:] - centres[:, 1]) ** 2) / (2 * noise**2)
    largest = exponent.max(-1, keepdims=True)  # taken out, so that far from the moons nothing underflows
    return np.log(np.exp(exponent - largest) @ weights) + largest[..., 0] - np.log(2 * np.pi * noise**2)


def _moons(angle: np.ndarray) -> np.ndarray:
    """Points of the two half circles at the given angles, shape (2, angles, 2)."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.stack([np.stack([cosine, sine], axis=-1), np.stack([1 - cosine, 0.5 - sine], axis=-1)])
