"""A system of three variables seen through a field: few numbers behind many that are measured.

Dimensionless, as the systems themselves.
"""

from typing import Any

import numpy as np
import torch
from numpy.polynomial.legendre import legvander
from torch import Tensor

from physml.ops.bounds import check_at_least, check_positive
from physml.ops.integrators import integrate

CENTRE, HALF_WIDTHS = (0.0, 0.0, 25.0), (36.0, 48.0, 41.0)  # of the box that trajectories start in
SCALE = 40.0  # of the states


def modes(points: int) -> Tensor:
    r"""Return the first six Legendre polynomials at equidistant points from −1 to 1. Shapes: (6, points), float64."""
    return torch.from_numpy(legvander(np.linspace(-1, 1, points), 5).T.copy())


def field(z: Tensor, points: int) -> Tensor:
    r"""Return the field of states: three modes as strong as the variables, three as strong as their cubes.

    .. math:: x(\xi) = \sum_{i=1}^{3} \left( P_{i-1}(\xi)\, z_i + P_{i+2}(\xi)\, z_i^3 \right)

    Shapes: z (…, 3) → (…, points)
    """
    return torch.cat([z, z**3], dim=-1) @ modes(points).to(z)


def field_rate(z: Tensor, z_rate: Tensor, points: int) -> Tensor:
    """Return how the field of states changes with them. Shapes: z and ż (…, 3) → (…, points)."""
    return torch.cat([z_rate, 3 * z**2 * z_rate], dim=-1) @ modes(points).to(z)


def states(x: Tensor) -> Tensor:
    """Return the states behind fields, from the modes that are linear in them. Shapes: (…, points) → (…, 3)."""
    return (x @ torch.linalg.pinv(modes(x.shape[-1]).to(x)))[..., :3]


def simulate(
    rng: np.random.Generator,
    count: int = 8,
    *,
    law: Any,
    steps: int = 249,
    dt: float = 0.02,
    points: int = 128,
    noise: float = 1e-6,
    substeps: int = 20,
) -> dict[str, np.ndarray]:
    """Return fields of trajectories that start anywhere in a box about the attractor of the Lorenz system.

    Source: Champion, Lusch, Kutz and Brunton 2019, doi 10.1073/pnas.1906995116; box, scale, times and noise as in the
    authors' code, github.com/kpchamp/SindyAutoencoders.

    Args:
        rng: Source of the starts and of the noise.
        count: Number of trajectories.
        law: What has `derivative` of states (…, 3): `physml.physics.lorenz.Lorenz`.
        steps: States after the first.
        dt: Time between two of them.
        points: Places of the field.
        noise: Standard deviation of the noise on the field and on its rate of change.
        substeps: Runge–Kutta steps in `dt`.

    Returns:
        ``t`` (steps + 1,), ``z`` and ``z_rate`` (count, steps + 1, 3) the states in units of 40 and their derivatives,
        ``x`` and ``v`` (count, steps + 1, points) the fields and theirs, ``x_noisy`` and ``v_noisy`` as measured.

    Raises:
        ValueError: A number is out of bounds.
    """
    check_at_least(1, count=count, points=points, substeps=substeps)
    check_at_least(0, steps=steps, noise=noise)
    check_positive(dt=dt)
    start = torch.from_numpy(rng.uniform(-1, 1, (count, 3)) * HALF_WIDTHS + CENTRE)
    z = integrate(law.derivative, start, dt, steps, substeps=substeps)
    z, z_rate = z / SCALE, law.derivative(z) / SCALE
    x, v = field(z, points).numpy(), field_rate(z, z_rate, points).numpy()
    return {
        "t": dt * np.arange(steps + 1),
        "z": z.numpy(),
        "z_rate": z_rate.numpy(),
        "x": x,
        "v": v,
        "x_noisy": x + noise * rng.standard_normal(x.shape),
        "v_noisy": v + noise * rng.standard_normal(v.shape),
    }
