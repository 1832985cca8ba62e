"""Point charges that attract and repel each other in space (the charged n-body problem).

Dimensionless units throughout: masses are 1, charges ±1, the Coulomb constant is 1; positions start with a spread of
about 1 and speeds at 0.5, so that times and energies are of order 1 too.
"""

import numpy as np

from physml.ops.bounds import check_at_least, check_positive

CUTOFF = 0.1  # distance inside which the force no longer grows: 100 = 1 / CUTOFF²
CHUNK = 512  # trajectories advanced together: their pairs fit into a core's cache


def force(x: np.ndarray, q: np.ndarray, cutoff: float = CUTOFF) -> np.ndarray:
    r"""Coulomb force on each charge, bounded in each pair at short distance.

    .. math::
        F_i = \sum_{j \ne i} q_i q_j \, \frac{r_{ij}}{|r_{ij}|} \, \min\big(|r_{ij}|^{-2}, r_c^{-2}\big),
        \qquad r_{ij} = x_i - x_j

    Units:
        Dimensionless; the bound of a pair's force is :math:`r_c^{-2} = 100`.

    Source:
        Kipf et al. 2018, arXiv 1802.04687, appendix; Satorras et al. 2021, arXiv 2102.09844, section 5.1. Their code
        bounds each Cartesian component of the *summed* force at ±100 instead, which depends on the choice of axes and
        lets momentum leak away; bounding each pair's force keeps rotations, momentum and energy exact. The two differ
        only for pairs closer than about 0.1, but a quarter of the events have one within the predicted interval: errors
        on these data are not the paper's.

    Args:
        x: Positions :math:`x_i`.
        q: Charges :math:`q_i`.
        cutoff: Distance :math:`r_c`.

    Shapes:
        x: (…, bodies, 3); q: (…, bodies); returns (…, bodies, 3).
    """
    systems = x.reshape(-1, *x.shape[-2:]).transpose(2, 1, 0)
    forces = _force(systems, q.reshape(-1, q.shape[-1]).T, *_pairs(x.shape[-2]), cutoff)
    return forces.transpose(2, 1, 0).reshape(x.shape)


def force_by_loops(x: np.ndarray, q: np.ndarray, cutoff: float = CUTOFF) -> np.ndarray:
    """Compute the same as `force` for one system, pair by pair: the reference of its test.

    Shapes:
        x: (bodies, 3); q: (bodies,); returns (bodies, 3).
    """
    total = np.zeros_like(x)
    for i in range(len(x)):
        for j in range(len(x)):
            if i != j:
                separation = x[i] - x[j]
                distance = np.linalg.norm(separation)
                total[i] += q[i] * q[j] * separation / distance * min(distance**-2, cutoff**-2)
    return total


def energy(x: np.ndarray, v: np.ndarray, q: np.ndarray, cutoff: float = CUTOFF) -> np.ndarray:
    r"""Total energy, whose potential belongs to the bounded force.

    .. math::
        H = \sum_i \tfrac12 v_i^2 + \sum_{i<j} q_i q_j \, u(|r_{ij}|), \qquad
        u(r) = \begin{cases} 1/r & r \ge r_c \\ 2/r_c - r/r_c^2 & r < r_c \end{cases}

    Units:
        Dimensionless (see the module).

    Shapes:
        x, v: (…, bodies, 3); q: (…, bodies); returns (…).
    """
    i, j = np.triu_indices(x.shape[-2], 1)
    distance = np.linalg.norm(x[..., i, :] - x[..., j, :], axis=-1)
    potential = np.where(distance < cutoff, 2 / cutoff - distance / cutoff**2, 1 / np.maximum(distance, cutoff))
    return 0.5 * (v**2).sum((-2, -1)) + (q[..., i] * q[..., j] * potential).sum(-1)


def leapfrog(
    x: np.ndarray, v: np.ndarray, q: np.ndarray, step: float, steps: int, every: int, cutoff: float = CUTOFF
) -> tuple[np.ndarray, np.ndarray]:
    r"""Advance many systems at once by kick–drift–kick leapfrog steps and keep every `every`-th state.

    .. math::
        v \leftarrow v + \tfrac h2 F(x), \qquad x \leftarrow x + h v, \qquad v \leftarrow v + \tfrac h2 F(x)

    Second order in h, symplectic, reversible, and exact for the total momentum. The published code starts with a whole
    kick instead of half a one, so that its velocities lag half a step behind its positions.

    Units:
        Dimensionless time.

    Args:
        x: Initial positions.
        v: Initial velocities.
        q: Charges.
        step: Time step h.
        steps: Number of steps.
        every: Steps between two kept states.
        cutoff: Distance inside which a pair's force no longer grows.

    Shapes:
        x, v: (count, bodies, 3); q: (count, bodies); returns positions and velocities, each
        (count, steps // every + 1, bodies, 3), whose first state is the initial one.

    Raises:
        ValueError: `steps` is not a multiple of `every`.
    """
    if steps % every:
        raise ValueError(f"expected steps to be a multiple of every={every}, got {steps}: change one of them")
    frames = (len(x), steps // every + 1, *x.shape[1:])
    positions, velocities = np.empty(frames), np.empty(frames)
    pairs = _pairs(x.shape[1])
    for chunk in (slice(begin, begin + CHUNK) for begin in range(0, len(x), CHUNK)):
        # Coordinates first and systems last, so that every operation runs along contiguous memory.
        place = np.array(x[chunk].transpose(2, 1, 0), dtype=float, order="C")
        speed = np.array(v[chunk].transpose(2, 1, 0), dtype=float, order="C")
        charge = np.ascontiguousarray(q[chunk].T, dtype=float)
        kick = 0.5 * step * _force(place, charge, *pairs, cutoff)
        positions[chunk, 0], velocities[chunk, 0] = x[chunk], v[chunk]
        for count in range(1, steps + 1):
            speed += kick
            place += step * speed
            kick = 0.5 * step * _force(place, charge, *pairs, cutoff)
            speed += kick
            if count % every == 0:
                positions[chunk, count // every] = place.transpose(2, 1, 0)
                velocities[chunk, count // every] = speed.transpose(2, 1, 0)
    return positions, velocities


def simulate(
    rng: np.random.Generator,
    count: int = 100,
    bodies: int = 5,
    spread: float = 1.0,
    speed: float = 0.5,
    duration: float = 4.9,
    sampling: float = 0.1,
    step: float = 1e-3,
) -> dict[str, np.ndarray]:
    """Trajectories of random charges of either sign, thrown in random directions.

    Units:
        Dimensionless (see the module).

    Source:
        Kipf et al. 2018, arXiv 1802.04687, and the n-body data of Satorras et al. 2021, arXiv 2102.09844, from whose
        code the defaults are (steps of 0.001, a frame every 100, 49 of them).

    Args:
        rng: Source of randomness.
        count: Number of trajectories.
        bodies: Number of charges, each +1 or −1 with equal probability.
        spread: Standard deviation of each initial coordinate.
        speed: Magnitude of each initial velocity.
        duration: Time of the last frame.
        sampling: Time between frames.
        step: Time step of the integrator.

    Returns:
        ``x`` and ``v`` (count, frames, bodies, 3), ``q`` (count, bodies), ``t`` (frames,).

    Raises:
        ValueError: `sampling` is not a multiple of `step`, `duration` is not one of `sampling`, or a number is
            out of bounds.
    """
    check_at_least(1, count=count, bodies=bodies)
    check_at_least(0, speed=speed)
    check_positive(spread=spread, duration=duration, sampling=sampling, step=step)
    every, frames = round(sampling / step), round(duration / sampling)
    if not np.isclose(every * step, sampling) or not np.isclose(frames * sampling, duration):
        raise ValueError(
            f"expected duration {duration} to be a multiple of sampling {sampling}, and that of step {step}: "
            "change them so"
        )
    q = rng.choice([-1.0, 1.0], size=(count, bodies))
    x = spread * rng.normal(size=(count, bodies, 3))
    v = rng.normal(size=(count, bodies, 3))
    v *= speed / np.linalg.norm(v, axis=-1, keepdims=True)
    x, v = leapfrog(x, v, q, step, every * frames, every)
    return {"x": x, "v": v, "q": q, "t": sampling * np.arange(frames + 1)}


def _pairs(bodies: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First and second body of each pair, and the incidence matrix: +1 for the first, −1 for the second."""
    i, j = np.triu_indices(bodies, 1)
    pairs = np.arange(len(i))
    incidence = np.zeros((bodies, len(i)))
    incidence[i, pairs], incidence[j, pairs] = 1, -1
    return i, j, incidence


def _force(
    x: np.ndarray, q: np.ndarray, i: np.ndarray, j: np.ndarray, incidence: np.ndarray, cutoff: float
) -> np.ndarray:
    """Forces for x of shape (3, bodies, systems) and q (bodies, systems): products with the incidence matrix take the
    differences of a pair and sum the forces of a body.
    """
    separation = incidence.T @ x
    square = np.einsum("dps,dps->ps", separation, separation)
    size = q[i] * q[j] / (np.sqrt(square) * np.maximum(square, cutoff**2))
    return incidence @ (size * separation)
