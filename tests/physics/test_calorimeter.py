import numpy as np
import pytest

from physml.physics.calorimeter import Calorimeter, deposit, simulate
from physml.physics.shower import sample_pion_spots


@pytest.fixture
def rng():
    return np.random.default_rng(0)


GEOMETRIES = {
    "default": Calorimeter(),
    "odd": Calorimeter(width=20.0, thickness=[1.0, 2.0], cells=[5, 3], fine=[3, 1], split=3),
    "uniform": Calorimeter(thickness=[3.0], cells=[4], fine=[0]),
    "all fine": Calorimeter(thickness=[3.0], cells=[4], fine=[4]),
}


@pytest.mark.parametrize("calorimeter", GEOMETRIES.values(), ids=GEOMETRIES.keys())
def test_sensors_tile_the_box(rng, calorimeter):
    half, depth = calorimeter.width / 2, calorimeter.edges[-1]
    x, y = rng.uniform(-half, half, (2, 40_000))
    z = rng.uniform(0, depth, 40_000)
    sensor = calorimeter.sensor(x, y, z)
    assert set(sensor) == set(range(len(calorimeter)))
    centre, size = calorimeter.position[sensor], calorimeter.size[sensor]
    assert (np.abs(x - centre[:, 0]) <= size / 2 + 1e-9).all()
    assert (np.abs(y - centre[:, 1]) <= size / 2 + 1e-9).all()
    layer = np.searchsorted(calorimeter.edges, z, side="right") - 1
    np.testing.assert_allclose(centre[:, 2], 0.5 * (calorimeter.edges[layer] + calorimeter.edges[layer + 1]))
    layers = len(calorimeter.edges) - 1
    assert (calorimeter.size**2).sum() == pytest.approx(layers * calorimeter.width**2)


def test_number_and_sizes_of_sensors():
    assert len(GEOMETRIES["odd"]) == (25 - 9 + 81) + (9 - 1 + 9)
    np.testing.assert_allclose(np.unique(GEOMETRIES["odd"].size.round(9)), np.round([20 / 15, 20 / 9, 4, 20 / 3], 9))
    np.testing.assert_allclose(GEOMETRIES["uniform"].size, 7.5)


def test_outside_the_box_there_is_no_sensor():
    calorimeter = Calorimeter()
    x, y, z = np.array([[15.1, 0, 0, 0, 0], [0, -15.1, 0, 0, 0], [1, 1, -0.1, 60.1, 1]])
    assert calorimeter.sensor(x, y, z).tolist()[:4] == [-1] * 4
    assert calorimeter.sensor(x, y, z)[4] >= 0


def test_a_calorimeter_that_holds_all_is_linear_with_the_stated_resolution(rng):
    calorimeter = Calorimeter(width=1e5, thickness=[1e5], cells=[1], fine=[0])
    for energy in (10.0, 90.0):
        n, a = 1500, 0.3
        visible = deposit(rng, calorimeter, np.full(n, energy), np.zeros((n, 2)), a).sum(1)
        assert visible.mean() == pytest.approx(energy, abs=4 * a * np.sqrt(energy / n))
        assert visible.std() / visible.mean() == pytest.approx(a / np.sqrt(energy), rel=4 / np.sqrt(2 * n))


def test_the_response_follows_the_hadronic_response(rng):
    calorimeter = Calorimeter(width=1e5, thickness=[1e5], cells=[1], fine=[0])
    visible = deposit(rng, calorimeter, np.full(1500, 50.0), np.zeros((1500, 2)), 0.3, hadronic_response=0.5).sum(1)
    assert visible.mean() == pytest.approx(50 * (1 - 0.5 * 50**-0.17), rel=4 * 0.12 / np.sqrt(1500))


def test_what_leaks_behind_is_the_tail_of_the_longitudinal_profile(rng):
    energy, n, depth = 50.0, 2000, 60.0
    calorimeter = Calorimeter(width=1e5, thickness=[depth], cells=[1], fine=[0])
    contained = deposit(rng, calorimeter, np.full(n, energy), np.zeros((n, 2)), 0.3).sum() / (n * energy)
    _, (_, _, z) = sample_pion_spots(rng, np.full(n, energy), latest_start=depth / 2)
    assert contained == pytest.approx((z < depth).mean(), abs=0.01)
    assert 0.02 < 1 - contained < 0.1


def test_a_thin_calorimeter_leaks(rng):
    thin = Calorimeter(thickness=[10.0], cells=[1], fine=[0])
    visible = deposit(rng, thin, np.full(300, 50.0), np.zeros((300, 2)), 0.3).sum(1)
    assert visible.mean() < 0.7 * 50


def test_the_shower_moves_with_its_impact(rng):
    calorimeter = Calorimeter()
    impact = np.repeat([[3.0, -2.0]], 200, axis=0)
    energy = deposit(rng, calorimeter, np.full(200, 50.0), impact, 0.3).sum(0)
    inner = np.abs(calorimeter.position[:, :2]).max(1) < 8
    centroid = np.average(calorimeter.position[inner, :2], axis=0, weights=energy[inner])
    np.testing.assert_allclose(centroid, [3.0, -2.0], atol=0.6)


def test_events_are_ragged_lists_of_fractions(rng):
    arrays = simulate(rng, count=600)  # more than one chunk
    offsets = arrays["offsets"]
    assert len(offsets) == 601
    assert offsets[-1] == len(arrays["E"])
    assert len(set(np.diff(offsets))) > 50
    np.testing.assert_allclose(arrays["t"].sum(1), 1)
    assert arrays["E"].min() > 0.15
    events = np.repeat(np.arange(600), np.diff(offsets))
    visible = np.bincount(events, arrays["E"]) / arrays["E_beam"].sum(1)
    assert 0.8 < visible.mean() < 0.95


def test_shower_0_is_nearer_to_the_axis_and_the_distance_is_in_its_range(rng):
    impact = simulate(rng, count=300, distance_min=2.0, distance_max=4.0, spread=0.9)["impact"]
    radius = np.linalg.norm(impact, axis=-1)
    distance = np.linalg.norm(impact[:, 1] - impact[:, 0], axis=-1)
    assert (radius[:, 0] < radius[:, 1]).all()
    assert radius[:, 0].max() <= 0.9
    assert distance.min() >= 2.0
    assert distance.max() <= 4.0


def test_each_shower_owns_the_sensors_near_its_impact(rng):
    arrays = simulate(rng, count=200, distance_min=5.0, distance_max=6.0)
    events = np.repeat(np.arange(200), np.diff(arrays["offsets"]))
    xy = np.stack([arrays["x"], arrays["y"]], axis=1)
    distance = np.linalg.norm(xy[:, None] - arrays["impact"][events], axis=-1)
    assert np.average(arrays["t"][:, 0], weights=arrays["E"] * (distance[:, 0] < 1.5)) > 0.9
    assert np.average(arrays["t"][:, 1], weights=arrays["E"] * (distance[:, 1] < 1.5)) > 0.9


def test_sensors_of_noise_alone_are_shared_equally(rng):
    arrays = simulate(rng, count=20, noise=0.1, threshold=0.15)
    alone = (arrays["t"] == 0.5).all(1)
    assert alone.sum() > 100


def test_a_seed_fixes_the_events():
    first, again = (simulate(np.random.default_rng(3), count=4) for _ in range(2))
    for name, array in first.items():
        np.testing.assert_array_equal(array, again[name])


def test_showers_that_cannot_be_told_apart_are_refused(rng):
    with pytest.raises(ValueError, match="expected distance_min > 2 × spread"):
        simulate(rng, count=1, distance_min=1.0, spread=0.5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"distance_min": 3.0, "distance_max": 2.0}, "expected distance_min up to distance_max, got 3 and 2"),
        ({"energy_min": 20.0, "energy_max": 10.0}, "expected energy_min up to energy_max, got 20 and 10"),
        ({"count": 0}, "expected count >= 1, got 0"),
    ],
)
def test_empty_ranges_are_refused(rng, options, message):
    with pytest.raises(ValueError, match=message):
        simulate(rng, **{"count": 1, **options})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 0.0}, "expected width > 0"),
        ({"split": 0}, "expected split >= 1"),
        ({"thickness": [1.0, -1.0], "cells": [4, 4], "fine": [2, 2]}, r"expected thickness\[1\] > 0, got -1"),
    ],
)
def test_sizes_of_no_calorimeter_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Calorimeter(**options)


def test_geometries_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="one number a layer"):
        Calorimeter(thickness=[1.0, 2.0], cells=[4], fine=[2])
    with pytest.raises(ValueError, match="centrally"):
        Calorimeter(thickness=[1.0], cells=[4], fine=[3])


def test_what_is_just_inside_a_wall_is_in_the_cell_there():
    calorimeter = Calorimeter()
    edge = np.nextafter(calorimeter.width / 2, 0)
    for z in (1.0, calorimeter.edges[-1] - 1):
        found = calorimeter.sensor(np.array([edge]), np.array([edge]), np.array([z]))
        expected = calorimeter.sensor(np.array([edge - 1e-6]), np.array([edge - 1e-6]), np.array([z]))
        assert found == expected >= 0
