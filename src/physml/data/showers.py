"""Ragged events of two overlapping showers, for learning each sensor's energy fractions."""

import numpy as np
import torch

from physml.data.arrays import Arrays
from physml.physics.calorimeter import Calorimeter, simulate


class ShowerSource:
    """Sensors above threshold of a calorimeter that two pion showers overlap in, with their energy fractions.

    Arrays of points: ``x`` the features (ln(E/GeV), x, y, z, cell width; scaled to order one), ``y`` the energy
    fractions (2,) that sum to one, ``energy`` in GeV, ``position`` x, y, z in cm. Arrays of events: ``beam_energy``
    (2,) in GeV and ``impact`` (2, 2), the x and y in cm of both showers. Shower 0 enters near the axis: see
    `physml.physics.calorimeter.simulate`, also for the units.

    Args:
        energy_min: Lowest energy of a pion.
        energy_max: Highest energy of a pion.
        distance_min: Smallest distance of the two impacts.
        distance_max: Largest distance of the two impacts.
        spread: Radius of the disc in which shower 0 enters.
        sampling_term: a_s of `physml.physics.shower.sample_pion_spots`.
        noise: Standard deviation of a sensor's noise.
        threshold: Energy below which a sensor is not read.
        hadronic_response: h/e of the calorimeter.
        calorimeter: The geometry (default: `Calorimeter()`).

    Example:
        >>> arrays = ShowerSource()(count=3, rng=np.random.default_rng(0))
        >>> len(arrays), arrays.points["x"].shape[1]
        (3, 5)
    """

    def __init__(
        self,
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
    ) -> None:
        self.calorimeter = calorimeter or Calorimeter()
        self.parameters = {
            "energy_min": energy_min,
            "energy_max": energy_max,
            "distance_min": distance_min,
            "distance_max": distance_max,
            "spread": spread,
            "sampling_term": sampling_term,
            "noise": noise,
            "threshold": threshold,
            "hadronic_response": hadronic_response,
        }

    def __call__(self, count: int, rng: np.random.Generator) -> Arrays:
        """Draw `count` events."""
        drawn = {
            name: torch.as_tensor(array)
            for name, array in simulate(rng, count=count, calorimeter=self.calorimeter, **self.parameters).items()
        }
        events = {name: drawn.pop(name) for name in ("E_beam", "impact")}
        offsets = drawn.pop("offsets")
        return ShowerFeatures(self.calorimeter)(Arrays(events, drawn, offsets))


class ShowerFeatures:
    """The arrays of `ShowerSource` out of the symbols that `physml.physics.calorimeter.simulate` gives, as in a file.

    Args:
        calorimeter: The geometry, which sets the scale of z (default: `Calorimeter()`).
    """

    def __init__(self, calorimeter: Calorimeter | None = None) -> None:
        self.half_depth = float((calorimeter or Calorimeter()).edges[-1]) / 2

    def __call__(self, columns: Arrays) -> Arrays:
        """Return features, targets and what metrics read, in float32.

        Raises:
            ValueError: An energy is not positive, or the fractions of a sensor do not sum to one.
        """
        E, x, y, z, size, t = (columns.points[name] for name in ("E", "x", "y", "z", "size", "t"))
        if not bool((E > 0).all()):
            raise ValueError(f"expected energies E > 0 of sensors, got {E.min():g}: leave out sensors without energy")
        if bool((wrong := (t.sum(1) - 1).abs() > 1e-3).any()):
            raise ValueError(f"expected fractions t that sum to one, got {t[wrong][0].tolist()}: divide by their sum")
        features = [E.log() / 2, x / 5, y / 5, z / self.half_depth - 1, size / 5]
        return Arrays(
            events={"beam_energy": columns.events["E_beam"].float(), "impact": columns.events["impact"].float()},
            points={
                "x": torch.stack(features, dim=1).float(),
                "y": t.float(),
                "energy": E.float(),
                "position": torch.stack([x, y, z], dim=1).float(),
            },
            offsets=columns.offsets,
        )
