"""Rooms import in one direction; each module does so on its own; examples in docstrings are true."""

import doctest
import importlib
import pkgutil
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

import physml

ALL = sorted(module.name for module in pkgutil.walk_packages(physml.__path__, "physml."))
# Kernels for a GPU import Triton, which torch brings only with CUDA.
MODULES = [name for name in ALL if find_spec("triton") or not name.endswith("_triton")]
PROJECT = Path(__file__).parents[2] / "pyproject.toml"
CONTRACTS = tomllib.loads(PROJECT.read_text())["tool"]["importlinter"]["contracts"]


def lint(contracts, folder):
    """Run import-linter with contracts of our own; return its exit code and what it printed."""
    lines = ["[importlinter]", "root_package = physml", "include_external_packages = True"]
    for number, contract in enumerate(contracts):
        lines.append(f"[importlinter:contract:{number}]")
        for key, value in contract.items():
            lines.append(f"{key} =" + (f" {value}" if isinstance(value, str) else "".join(f"\n    {v}" for v in value)))
    (folder / ".importlinter").write_text("\n".join(lines) + "\n")
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    words = [sys.executable, "-c", code, "--config", str(folder / ".importlinter"), "--no-cache"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_the_contracts_are_kept_and_broken_ones_fail(tmp_path):
    pytest.importorskip("importlinter")
    broken = [
        {"name": "upside down", "type": "layers", "layers": ["physml.data", "physml.runs"]},
        {
            "name": "no torch",
            "type": "forbidden",
            "source_modules": ["physml.networks"],
            "forbidden_modules": ["torch"],
        },
    ]
    code, text = lint([*CONTRACTS, *broken], tmp_path)
    assert code == 1, text
    for contract in CONTRACTS:
        assert f"{contract['name']} KEPT" in text, text
    for contract in broken:
        assert f"{contract['name']} BROKEN" in text, text


@pytest.mark.parametrize("name", MODULES)
def test_examples_are_true(name):
    module = importlib.import_module(name)
    found = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert found.failed == 0


@pytest.mark.parametrize("name", MODULES)
def test_every_module_and_public_name_says_what_it_is(name):
    module = importlib.import_module(name)
    assert module.__doc__, name
    for key, value in vars(module).items():
        if not key.startswith("_") and getattr(value, "__module__", None) == name and callable(value):
            assert value.__doc__, f"{name}.{key}"


def test_only_room_names_are_packages():
    rooms = {module.name.removeprefix("physml.") for module in pkgutil.iter_modules(physml.__path__, "physml.")}
    assert "utils" not in rooms
    layers = next(contract for contract in CONTRACTS if contract["type"] == "layers")["layers"]
    named = {word.strip().removeprefix("physml.") for layer in layers for word in layer.split("|")}
    assert rooms == named
