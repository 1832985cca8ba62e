import importlib
from inspect import signature

import numpy as np
import pytest
import yaml

from physml.data.hdf5 import HDF5File
from physml.ops.named import call, parameters
from physml.runs.build import build
from physml.runs.configs import config_directory

SYSTEMS = sorted(path.stem for path in (config_directory() / "system").glob("*.yaml"))


def config_of(system):
    return yaml.safe_load((config_directory() / "system" / f"{system}.yaml").read_text(encoding="utf-8"))


def function_of(system):
    module, function = config_of(system)["_target_"].rsplit(".", 1)
    return getattr(importlib.import_module(module), function)


def parameters_of(system):
    """The parameters of the function behind a system."""
    return parameters(function_of(system))


def numbers_of(system):
    """Those of them that are numbers, each with its type."""
    return {
        each.name: each.annotation
        for each in signature(function_of(system)).parameters.values()
        if each.annotation in (int, float)
    }


SHORT = {"cylinder_wake": [f"+system.{size}" for size in ("points=128", "frames=1", "start=1", "settle=1")]}


def fewer(system):
    """The words that make a system's arrays small."""
    if system in SHORT:
        return SHORT[system]
    sizes = {"count": 3, "frames": 25, "steps": 25, "points": 25}
    name = next(name for name in sizes if name in parameters_of(system))
    return [f"+system.{name}={sizes[name]}"]


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_system_writes_finite_arrays_by_name(command, tmp_path, system):
    done = command("simulate", f"system={system}", "output=a.npz", *fewer(system), "seed=1")
    assert done.code == 0, done.err
    with np.load(tmp_path / "a.npz") as archive:
        assert archive.files
        for name in archive.files:
            assert np.isfinite(archive[name]).all(), name
            assert f"\n{name} " in f"\n{done.out}"
    assert done.out.strip().endswith("written to a.npz")


@pytest.mark.parametrize(
    ("system", "name", "number"),
    [
        (system, name, number)
        for system in SYSTEMS
        for name, kind in numbers_of(system).items()
        if name != "threshold"  # of sensors that are read, below their noise
        for number in ([0, -1] if kind is int and name != "steps" else [kind(-1)])
    ],
)
def test_numbers_with_which_no_system_can_be_simulated(system, name, number):
    with pytest.raises(ValueError, match=rf"(?s)(?=.*expected)(?=.*{name})"):
        call(build(config_of(system) | {name: number}), {"rng": np.random.default_rng(1)})


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["system=water", "+system.speed=50"], "expected a speed well below that of sound, 10, got 50"),
        (["system=calorimeter", "+system.distance_min=50", "+system.distance_max=60"], "expected impacts up to 15 cm"),
        (["system=calorimeter", "+system.threshold=1e9"], "expected sensors above threshold=1e+09 GeV, got none in 3"),
        (["system=calorimeter", "seed=-1"], "seed: expected 0 or more, got -1"),
    ],
)
def test_simulations_of_nothing(command, tmp_path, words, message):
    done = command("simulate", *words, "+system.count=3", "output=a.npz")
    assert (done.code, list(tmp_path.iterdir())) == (2, [])
    assert done.complaint.startswith(message)


@pytest.mark.parametrize("system", [each for each in SYSTEMS if {"rng", "count"} <= parameters_of(each).keys()])
def test_events_of_every_system_are_read_as_they_were_drawn(command, tmp_path, system):
    sizes = [f"+system.{name}=5" for name in ("frames", "steps") if name in parameters_of(system)]
    for kind in ("npz", "h5"):
        done = command("simulate", f"system={system}", f"output=a.{kind}", "+system.count=3", *sizes, "seed=1")
        assert done.code == 0, done.err
    with HDF5File(tmp_path / "a.h5") as file:
        read = file.read(list(file.columns), 0, file.count)
    assert len(read) == 3
    with np.load(tmp_path / "a.npz") as drawn:
        for name, array in {**read.events, **read.points}.items():
            expected = drawn[name]
            if expected.shape == array.shape[1:]:  # times that the events have in common
                expected = np.broadcast_to(expected, array.shape)
            np.testing.assert_allclose(array.numpy(), expected, rtol=1e-6, atol=1e-6)
        assert {*read.events, *read.points} == {*drawn.files} - {"offsets"}


def test_the_seed_decides(command, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        command("simulate", "system=two_moons", f"output={name}.npz", f"seed={seed}", "+system.count=5")
    a, b, c = (np.load(tmp_path / f"{name}.npz")["x"] for name in "abc")
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["system=two_moon", "output=a.npz"], "no system 'two_moon' (did you mean 'two_moons'?); there are"),
        (["system=two_moons", "output=b/a.npz"], "b/a.npz: its folder b does not exist: make it first"),
        (["system=two_moons"], "output=… is missing"),
        (["system=two_moons", "output=a.txt"], "a.txt: the ending '.txt' tells no kind of file: expected .npz, .h5"),
        (["output=a.npz"], "You must specify 'system'"),
        (["system=ks", "output=a.h5"], "a.h5: the system is a reference solution without events: expected an output"),
        (["system=two_moons", "output=a.npz", "+system.cont=1"], "system.cont: simulate takes no 'cont' (did you mean"),
        (
            ["system=two_moons", "output=a.npz", "system.count=1"],
            "'system.count' is not set in this config yet: write +",
        ),
        (
            ["system=two_moons", "output=a.npz", "sed=1"],
            "no key or config group 'sed' (did you mean 'seed'?); there are",
        ),
        (["system=two_moons", "output=a.npz", "+system.count=few"], "system.count: expected int, got 'few'"),
        (["system=two_moons", "output=a.h5", "+system.count=2.5"], "system.count: expected int, got 2.5"),
        (
            ["system=two_moons", "output=a.h5", "+system.count=0"],
            "system.count: expected a whole number of events from",
        ),
        (["system=two_moons", "output=a.npz", "+system.count=-3"], "system.count: expected a whole number of events"),
        (["system=two_moons", "output=a.root", "+system.count=true"], "system.count: expected"),
        (["system=two_moons", "output=a.h5"], "system.count: expected a number of events, which are written in parts"),
    ],
)
def test_mistakes(command, tmp_path, words, line):
    done = command("simulate", *words)
    assert done.code == 2
    assert done.complaint.startswith(line)
    assert not list(tmp_path.rglob("*"))


def test_an_earlier_file_stays(command, tmp_path):
    (tmp_path / "a.npz").write_bytes(b"old")
    done = command("simulate", "system=two_moons", "output=a.npz")
    assert done.code == 2
    assert done.complaint == "a.npz: is there already: choose another output, or remove it first"
    assert (tmp_path / "a.npz").read_bytes() == b"old"


# The grids of the papers' own files.
GRIDS = {
    "burgers_shock": (np.linspace(-1, 1, 256), np.linspace(0, 0.99, 100)),
    "burgers_sine": (np.linspace(-8, 8, 257)[:-1], np.linspace(0, 10, 201)),
    "burgers_gaussian": (np.linspace(-8, 8, 257)[:-1], np.linspace(0, 10, 101)),
    "kdv_sine": (np.linspace(-20, 20, 513)[:-1], np.linspace(0, 40, 201)),
    "kdv_cos": (np.linspace(-20, 20, 513)[:-1], np.linspace(0, 40, 201)),
    "ks": (np.linspace(-10, 10, 512), np.linspace(0, 50, 251)),
    "nls_soliton": (np.linspace(-5, 5, 513)[:-1], np.linspace(0, np.pi / 2, 501)),
    "allen_cahn": (np.linspace(-1, 1, 513)[:-1], np.linspace(0, 1, 201)),
}
STARTS = {
    "burgers_shock": lambda x: -np.sin(np.pi * x),
    "burgers_sine": lambda x: -np.sin(np.pi * x / 8),
    "burgers_gaussian": lambda x: np.exp(-((x + 2) ** 2)),
    "kdv_sine": lambda x: -np.sin(np.pi * x / 20),
    "kdv_cos": lambda x: np.cos(np.pi * x / 20),
    "ks": lambda x: -np.sin(np.pi * x / 10),
    "nls_soliton": lambda x: 2 / np.cosh(x) + 0j,
    "allen_cahn": lambda x: x**2 * np.cos(np.pi * x),
}


@pytest.mark.parametrize("system", GRIDS)
def test_reference_solutions_lie_on_the_grids_of_their_papers(command, tmp_path, system):
    few = ["+system.substeps=1"] if "substeps" in parameters_of(system) else []
    assert command("simulate", f"system={system}", "output=a.npz", *few).code == 0
    x, t = GRIDS[system]
    with np.load(tmp_path / "a.npz") as archive:
        np.testing.assert_allclose(archive["x"], x, rtol=0, atol=1e-13)
        np.testing.assert_allclose(archive["t"], t, rtol=0, atol=1e-13)
        start = STARTS[system](x)
        assert archive["u"].shape == (len(x), len(t))
        assert archive["u"].dtype == start.dtype
        np.testing.assert_allclose(archive["u"][:, 0], start, rtol=0, atol=1e-12)
