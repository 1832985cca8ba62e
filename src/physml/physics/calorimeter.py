"""An irregular sampling calorimeter, and what it reads from two overlapping pion showers."""

from collections.abc import Iterator
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from physml.ops.bounds import check_at_least, check_positive
from physml.physics.shower import sample_pion_spots

Array = NDArray[np.float64]


class Calorimeter:
    """A box of layers along z whose square cells differ in size with depth and with the distance from the axis.

    Layer l is `thickness[l]` deep and has `cells[l]` × `cells[l]` cells, of which the central `fine[l]` × `fine[l]` are
    split into `split` × `split` each. The box is centred on the z axis and begins at z = 0.

    Units: cm.

    Args:
        width: Transverse width of the box.
        thickness: Depths of the layers (default: 14 layers of 2.5, 5 and 10 cm, 60 cm in all).
        cells: Coarse cells across each layer (default: 6 and, at the back, 4: cells of 5 and 7.5 cm).
        fine: Central coarse cells across each layer that are split (default: 4, 2 and 2; 0 for none).
        split: Fine cells across a split one.

    Raises:
        ValueError: The lists differ in length, the split cells do not lie centrally, or a number is out of bounds.

    Example:
        >>> len(Calorimeter())
        920
    """

    def __init__(
        self,
        width: float = 30.0,
        thickness: list[float] | None = None,
        cells: list[int] | None = None,
        fine: list[int] | None = None,
        split: int = 2,
    ) -> None:
        check_at_least(1, split=split)
        check_positive(width=width)
        thickness = [2.5] * 8 + [5.0] * 4 + [10.0] * 2 if thickness is None else list(thickness)
        cells = [6] * 12 + [4] * 2 if cells is None else list(cells)
        fine = [4] * 8 + [2] * 6 if fine is None else list(fine)
        if not len(thickness) == len(cells) == len(fine):
            raise ValueError(
                "thickness, cells and fine need one number a layer each, "
                f"got {len(thickness)}, {len(cells)} and {len(fine)}: make the lists equally long"
            )
        for layer, (depth, number) in enumerate(zip(thickness, cells, strict=True)):
            check_positive(**{f"thickness[{layer}]": depth, f"cells[{layer}]": number})
        if any(f > n or (f and (n - f) % 2) for n, f in zip(cells, fine, strict=True)):
            raise ValueError(
                "fine cells must lie centrally: expected fine ≤ cells, both odd or both even, or fine = 0, "
                f"got fine={fine}, cells={cells}"
            )
        self.width, self.split = width, split
        self.edges = np.concatenate([[0.0], np.cumsum(thickness)])
        self.divisions = np.array(cells) * split
        self._first = np.concatenate([[0], np.cumsum(self.divisions**2)])
        self._fine = fine

    @cached_property
    def _table(self) -> NDArray[np.int64]:
        """Sensor of every finest square, all layers in a row."""
        sensors, count = [], 0
        for divisions, fine in zip(self.divisions, self._fine, strict=True):
            index = np.arange(divisions)
            central = np.abs(2 * index + 1 - divisions) < fine * self.split
            coarse = index // self.split * self.split  # the first square of the coarse cell stands for it
            split = central[:, None] & central[None, :]
            row = np.where(split, index[:, None], coarse[:, None])
            column = np.where(split, index[None, :], coarse[None, :])
            _, sensor = np.unique(row * divisions + column, return_inverse=True)
            sensors.append(sensor.ravel() + count)
            count += sensor.max() + 1
        return np.concatenate(sensors)

    @cached_property
    def position(self) -> Array:
        """Centres x, y, z of the sensors in cm, shape (sensors, 3)."""
        layer = np.repeat(np.arange(len(self.divisions)), self.divisions**2)
        square = np.arange(len(layer)) - self._first[layer]
        n = self.divisions[layer]
        index = np.stack([square // n, square % n], axis=1)
        xy = ((index + 0.5) / n[:, None] - 0.5) * self.width
        z = 0.5 * (self.edges[:-1] + self.edges[1:])[layer]
        sums = [np.bincount(self._table, column) for column in (xy[:, 0], xy[:, 1], z)]
        return np.stack(sums, axis=1) / np.bincount(self._table)[:, None]

    @cached_property
    def size(self) -> Array:
        """Widths of the sensors in cm, shape (sensors,)."""
        layer = np.repeat(np.arange(len(self.divisions)), self.divisions**2)
        area = np.bincount(self._table, (self.width / self.divisions[layer]) ** 2)
        return np.sqrt(area)

    def __len__(self) -> int:
        """Return the number of sensors."""
        return int(self._table[-1]) + 1

    def sensor(self, x: Array, y: Array, z: Array) -> NDArray[np.int64]:
        """Return the sensor that holds each position (cm), −1 outside the box; all of shape (positions,)."""
        inside = (np.abs(x) < self.width / 2) & (np.abs(y) < self.width / 2) & (z >= 0) & (z < self.edges[-1])
        layer = np.where(inside, np.searchsorted(self.edges, z, side="right") - 1, 0)
        n = self.divisions[layer]
        scale = n / self.width
        rows = np.where(inside, (np.stack([x, y]) + self.width / 2) * scale, 0).astype(np.int64)
        row, column = np.minimum(rows, n - 1)  # rounding may put what is just inside the upper wall on it
        return np.where(inside, self._table[self._first[layer] + row * n + column], -1)


def deposit(
    rng: np.random.Generator,
    calorimeter: Calorimeter,
    energy: Array,
    impact: Array,
    sampling_term: float,
    hadronic_response: float = 1.0,
) -> Array:
    """Return the energy that each pion shower leaves in each sensor, before noise and threshold.

    The pions interact in the first half of the calorimeter's depth.

    Units: GeV, cm, √GeV.

    Args:
        rng: Source of randomness.
        calorimeter: The geometry.
        energy: Energies of the pions, shape (showers,).
        impact: Where they enter, x and y, shape (showers, 2).
        sampling_term: a_s of `physml.physics.shower.sample_pion_spots`.
        hadronic_response: h/e of the same.

    Returns:
        Visible energies, shape (showers, sensors).
    """
    half = calorimeter.edges[-1] / 2
    shower, (x, y, z) = sample_pion_spots(
        rng, energy, sampling_term, latest_start=half, hadronic_response=hadronic_response
    )
    sensor = calorimeter.sensor(x + impact[shower, 0], y + impact[shower, 1], z)
    hit = (shower * len(calorimeter) + sensor)[sensor >= 0]
    spots = np.bincount(hit, minlength=len(energy) * len(calorimeter))
    return spots.reshape(len(energy), len(calorimeter)) * sampling_term**2


def simulate(
    rng: np.random.Generator,
    count: int = 1000,
    energy_min: float = 10.0,
    energy_max: float = 100.0,
    distance_min: float = 2.0,
    distance_max: float = 6.0,
    spread: float = 0.5,
    sampling_term: float = 0.3,
    noise: float = 0.015,
    threshold: float = 0.15,
    hadronic_response: float = 1.0,
    calorimeter: Calorimeter | None = None,
) -> dict[str, np.ndarray]:
    """Simulate events of two overlapping pion showers, as ragged lists of the sensors above threshold.

    Shower 0, the test shower, enters within `spread` of the axis; shower 1 enters at a distance from it that is drawn
    uniformly, in a random direction. With distance_min > 2 × spread shower 0 is always the one nearer to the axis: this
    is what tells the two apart, so a prediction of their fractions is well posed. Both energies are drawn uniformly.
    Every sensor has Gaussian noise, and those below threshold are dropped. A sensor's energy fractions are those of the
    deposits without noise; a sensor of noise alone (the default threshold, 10 σ, leaves none) has one half each.
    Pions that interact only in the deeper half of the calorimeter are left out.

    Units: energies in GeV, lengths in cm, `sampling_term` in √GeV.

    Source: after the task of Qasim, Kieseler, Iiyama and Pierini 2019, arXiv 1902.07987 (there with Geant4).

    Args:
        rng: Source of randomness.
        count: Number of events.
        energy_min: Lowest energy of a pion.
        energy_max: Highest energy of a pion.
        distance_min: Smallest distance of the two impacts.
        distance_max: Largest distance of the two impacts.
        spread: Radius of the disc in which shower 0 enters.
        sampling_term: a_s of `physml.physics.shower.sample_pion_spots`.
        noise: Standard deviation of a sensor's noise.
        threshold: Energy below which a sensor is not read.
        hadronic_response: h/e; other than 1 the response is not linear, and its resolution has a constant term.
        calorimeter: The geometry (default: `Calorimeter()`).

    Returns:
        ``E`` (points,) measured energies; ``x``, ``y``, ``z``, ``size`` (points,) of the sensors; ``t`` (points, 2)
        energy fractions; ``offsets`` (events + 1,): event i owns the points offsets[i]:offsets[i + 1]; ``E_beam``
        (events, 2) and ``impact`` (events, 2, 2), the x and y of each shower's impact.

    Raises:
        ValueError: The impacts may be so close that shower 1 is nearer to the axis, or outside the calorimeter, a range
            is empty, no sensor is above threshold, or a number is out of bounds.
    """
    check_at_least(1, count=count, energy_min=energy_min)
    check_at_least(0, spread=spread, noise=noise, hadronic_response=hadronic_response)
    check_positive(sampling_term=sampling_term)
    for what, low, high in (("energy", energy_min, energy_max), ("distance", distance_min, distance_max)):
        if not low <= high:
            raise ValueError(f"expected {what}_min up to {what}_max, got {low:g} and {high:g}: exchange them")
    if distance_min <= 2 * spread:
        raise ValueError(
            f"expected distance_min > 2 × spread = {2 * spread} cm to tell the showers apart, got {distance_min}: "
            "raise distance_min or lower spread"
        )
    calorimeter = calorimeter or Calorimeter()
    if distance_max + spread > calorimeter.width / 2:
        raise ValueError(
            f"expected impacts up to {calorimeter.width / 2:g} cm from the axis, where the calorimeter ends, got up to "
            f"{distance_max + spread:g}: lower distance_max"
        )
    chunks = [
        _read(rng, calorimeter, *beams, sampling_term, hadronic_response, noise, threshold)
        for beams in _beams(rng, count, (energy_min, energy_max), (distance_min, distance_max), spread)
    ]
    arrays = {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}
    sensor = arrays.pop("sensor")
    if not len(sensor):
        raise ValueError(f"expected sensors above threshold={threshold:g} GeV, got none in {count} events: lower it")
    position = calorimeter.position[sensor]
    arrays["offsets"] = np.concatenate([[0], np.cumsum(arrays.pop("points"))])
    return arrays | {"x": position[:, 0], "y": position[:, 1], "z": position[:, 2], "size": calorimeter.size[sensor]}


def _beams(
    rng: np.random.Generator,
    count: int,
    energies: tuple[float, float],
    distances: tuple[float, float],
    spread: float,
    chunk: int = 512,
) -> Iterator[tuple[Array, Array]]:
    """Yield energies (events, 2) and impacts (events, 2, 2), a chunk of events at a time to bound the memory."""
    for start in range(0, count, chunk):
        n = min(chunk, count - start)
        radius = np.stack([spread * np.sqrt(rng.random(n)), rng.uniform(*distances, n)])
        phi = rng.uniform(0.0, 2 * np.pi, (2, n))
        first, step = np.moveaxis(radius * np.stack([np.cos(phi), np.sin(phi)]), 0, -1)
        yield rng.uniform(*energies, (n, 2)), np.stack([first, first + step], axis=1)


def _read(
    rng: np.random.Generator,
    calorimeter: Calorimeter,
    energy: Array,
    impact: Array,
    sampling_term: float,
    hadronic_response: float,
    noise: float,
    threshold: float,
) -> dict[str, np.ndarray]:
    """Return the sensors above threshold of a chunk of events."""
    true = deposit(rng, calorimeter, energy.ravel(), impact.reshape(-1, 2), sampling_term, hadronic_response)
    true = true.reshape(len(energy), 2, len(calorimeter))
    total = true.sum(1)
    measured = total + noise * rng.standard_normal(total.shape, dtype=np.float32)
    event, sensor = np.nonzero(measured > threshold)
    parts, sums = true[event, :, sensor], total[event, sensor][:, None]
    return {
        "E": measured[event, sensor],
        "t": np.divide(parts, sums, out=np.full_like(parts, 0.5), where=sums > 0),
        "sensor": sensor,
        "points": np.bincount(event, minlength=len(energy)),
        "E_beam": energy,
        "impact": impact,
    }
