import numpy as np
import pytest
import torch

from physml.cli.compose import compose_config
from physml.data.arrays import Arrays
from physml.data.showers import ShowerFeatures, ShowerSource
from physml.physics.calorimeter import simulate
from physml.runs.build import build


def draw(count, seed=0):
    return ShowerSource()(count, np.random.default_rng(seed))


def test_arrays_have_the_promised_shapes():
    arrays = draw(5)
    points = int(arrays.offsets[-1])
    assert len(arrays) == 5
    assert {name: tuple(a.shape) for name, a in arrays.points.items()} == {
        "x": (points, 5),
        "y": (points, 2),
        "energy": (points,),
        "position": (points, 3),
    }
    assert {name: tuple(a.shape) for name, a in arrays.events.items()} == {"beam_energy": (5, 2), "impact": (5, 2, 2)}
    assert all(a.dtype == torch.float32 for a in [*arrays.points.values(), *arrays.events.values()])


def test_a_seed_fixes_the_events():
    first, again, other = draw(3), draw(3), draw(3, seed=1)
    torch.testing.assert_close(first.points, again.points)
    assert len(first.points["x"]) != len(other.points["x"])


def test_features_are_of_order_one_and_tell_the_sensor():
    points = draw(50).points
    assert points["x"].abs().max() < 5
    torch.testing.assert_close(points["x"][:, 0], points["energy"].log() / 2)
    torch.testing.assert_close(points["x"][:, 1:3], points["position"][:, :2] / 5)


def test_a_batch_of_events_keeps_their_points_together():
    arrays = draw(6)
    batch = arrays[torch.tensor([4, 1])]
    first = slice(int(arrays.offsets[4]), int(arrays.offsets[5]))
    torch.testing.assert_close(batch["y"][: int(batch["offsets"][1])], arrays.points["y"][first])
    torch.testing.assert_close(batch["impact"][1], arrays.events["impact"][1])


def test_the_data_of_2019_have_2102_sensors_that_grow_with_depth_and_distance_from_the_axis():
    data = build(compose_config("train", ["experiment=none", "data=showers_2019", "network=mlp"])["data"])
    calorimeter = data._draws["train"][0].calorimeter
    assert len(calorimeter) == 2102
    assert len(calorimeter.divisions) == 20
    # Cells grow with the depth and with the distance from the axis.
    front, back = calorimeter.position[:, 2] < 12, calorimeter.position[:, 2] > 64
    inner = np.abs(calorimeter.position[:, :2]).max(1) < 7
    assert calorimeter.size[front & inner].max() < calorimeter.size[front & ~inner].max() < calorimeter.size[back].min()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("E", 0.0, "expected energies E > 0 of sensors, got 0"),
        ("t", 0.7, r"expected fractions t that sum to one, got \["),
    ],
)
def test_columns_that_are_no_showers(name, value, message):
    drawn = {name: torch.as_tensor(array) for name, array in simulate(np.random.default_rng(1), count=2).items()}
    events, offsets = {name: drawn.pop(name) for name in ("E_beam", "impact")}, drawn.pop("offsets")
    drawn[name][7] = value
    with pytest.raises(ValueError, match=message):
        ShowerFeatures()(Arrays(events, drawn, offsets))
