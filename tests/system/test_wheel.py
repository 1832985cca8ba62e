"""What is published works without the clone: sdist, from it the wheel, installed elsewhere."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

CLONE = Path(__file__).parents[2]

# Runs when Python starts: takes the clone, which is installed here as editable, out of reach.
WITHOUT_CLONE = f"""
import sys
sys.path[:] = [path for path in sys.path if not path.startswith({str(CLONE)!r} + "/src")]
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder of sdist and wheel."""
    pytest.importorskip("build")
    folder = tmp_path_factory.mktemp("dist")
    # Asked for neither --sdist nor --wheel, build makes the wheel from the sdist.
    words = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(CLONE)]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory):
    """Run the command of the installed wheel, in an empty folder; returns what it printed."""
    place, empty = tmp_path_factory.mktemp("elsewhere"), tmp_path_factory.mktemp("empty")
    (wheel,) = built.glob("*.whl")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(place),
        str(wheel),
    ]
    subprocess.run(pip, check=True, capture_output=True)
    (place / "sitecustomize.py").write_text(WITHOUT_CLONE)
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "PHYSML"))}
    environment |= {"PYTHONPATH": str(place), "OMP_NUM_THREADS": "1", "WANDB_MODE": "offline"}

    def run(*words):
        done = subprocess.run(
            [sys.executable, *map(str, words)], cwd=empty, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert Path(run("-c", "import physml; print(physml.__file__)").strip()).is_relative_to(place)
    command = place / "bin" / "physml"
    return lambda *words: run(command, *words)


def test_the_sdist_holds_what_a_clone_holds(built):
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    listed = subprocess.run(["git", "ls-files"], cwd=CLONE, capture_output=True, text=True)
    if listed.returncode == 0:
        of_git = {name for name in listed.stdout.splitlines() if name.startswith((".ci/", ".git"))}
        assert set(listed.stdout.splitlines()) - of_git <= names
    assert {"pyproject.toml", "README.md", "configs/train.yaml", "src/physml/cli/main.py", "tests/conftest.py"} <= names
    assert not any("__pycache__" in name or name.startswith(("runs/", ".venv")) for name in names)


def test_the_wheel_holds_package_and_configs_only(built):
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"physml", "hydra_plugins"}
    parts = {"configs": "physml/configs", "src/physml": "physml", "src/hydra_plugins": "hydra_plugins"}
    for folder, target in parts.items():
        for path in (CLONE / folder).rglob("*.*"):
            if path.suffix in (".py", ".yaml"):
                assert f"{target}/{path.relative_to(CLONE / folder).as_posix()}" in names


def test_elsewhere_it_lists_and_trains(installed):
    listed = installed("list", "experiments")
    folder = CLONE / "configs" / "experiment"
    names = {path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.yaml")}
    assert {line.split()[0] for line in listed.splitlines()[1:]} == names
    few = ["data.train=1000", "data.validation=500", "data.test=500", "trainer=smoke", "logger=csv"]
    trained = installed("train", "experiment=moons_flow", *few)
    run = Path(trained.strip().splitlines()[-1].removeprefix("run directory: "))
    assert not run.is_relative_to(CLONE)
    assert (run / "results.json").is_file()
    assert (run / "checkpoints" / "best.ckpt").is_file()
