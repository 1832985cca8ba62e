import numpy as np
import pytest

from physml.runs.configs import config_directory

SYSTEMS = sorted(path.stem for path in (config_directory() / "system").glob("*.yaml"))


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_system_writes_finite_arrays_by_name(command, tmp_path, system):
    done = command("simulate", f"system={system}", "output=a.npz", "+system.count=3", "seed=1")
    assert done.code == 0, done.err
    with np.load(tmp_path / "a.npz") as archive:
        assert archive.files
        for name in archive.files:
            assert np.isfinite(archive[name]).all(), name
            assert f"\n{name} " in f"\n{done.out}"
    assert done.out.strip().endswith("written to a.npz")


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
