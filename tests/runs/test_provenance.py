import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import physml
from physml.runs.provenance import PACKAGES, provenance


def test_what_is_recorded(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/bin/physml", "train", "seed=3"])
    found = provenance(seed=3)
    assert found["command"] == ["physml", "train", "seed=3"]
    assert found["seed"] == 3
    assert found["python"] == platform.python_version()
    assert found["versions"]["torch"] == torch.__version__
    assert set(found["versions"]) == set(PACKAGES)
    json.dumps(found)


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A repository in which the package pretends to lie."""
    package = tmp_path / "src" / "physml" / "__init__.py"
    package.parent.mkdir(parents=True)
    package.write_text("1\n")
    monkeypatch.setattr(physml, "__file__", str(package))
    return package


def git(clone, *arguments):
    who = ["-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "commit.gpgsign=false"]
    root = clone.parents[2]
    return subprocess.run(
        ["git", *who, *arguments], cwd=root, check=True, capture_output=True, text=True
    ).stdout.strip()


def test_the_commit_and_what_differs_from_it(clone):
    git(clone, "init", "-q")
    git(clone, "add", ".")
    git(clone, "commit", "-qm", "one")
    clean = provenance(1)
    assert clean["git_commit"] == git(clone, "rev-parse", "HEAD")
    assert clean["git_diff_sha256"] is None
    clone.write_text("2\n")
    first = provenance(1)["git_diff_sha256"]
    clone.write_text("3\n")
    second = provenance(1)["git_diff_sha256"]
    assert len({None, first, second}) == 3


def test_a_new_file_is_a_difference_too(clone):
    git(clone, "init", "-q")
    git(clone, "add", ".")
    git(clone, "commit", "-qm", "one")
    (clone.parent / "network.py").write_text("1\n")
    first = provenance(1)["git_diff_sha256"]
    (clone.parent / "network.py").write_text("2\n")
    assert len({None, first, provenance(1)["git_diff_sha256"]}) == 3


def test_a_repository_without_commits(clone):
    git(clone, "init", "-q")
    assert provenance(1)["git_commit"] is None


def test_a_package_installed_inside_somebody_elses_repository(clone):
    assert provenance(1)["git_commit"] is None


def test_without_git(clone, monkeypatch):
    git(clone, "init", "-q")
    monkeypatch.setenv("PATH", str(Path(__file__).parent))
    assert provenance(1)["git_commit"] is None


def test_names_and_bytes_of_any_kind(clone):
    git(clone, "init", "-q")
    git(clone, "add", ".")
    git(clone, "commit", "-qm", "one")
    clone.write_bytes(b"\xff\n")
    clone.with_name("müller.py").write_text("1\n")
    clone.with_name("nowhere.py").symlink_to("there_is_nothing")
    git(clone, "init", "-q", str(clone.with_name("other")))
    clone.with_name("other").joinpath("a.py").write_text("1\n")
    first = provenance(1)["git_diff_sha256"]
    clone.with_name("müller.py").write_text("2\n")
    assert first != provenance(1)["git_diff_sha256"]
