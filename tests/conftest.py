"""What every test can use: seeds, a tiny problem, the command line in this process and in its own."""

import logging
import os
import random
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import torch

torch.set_num_threads(1)  # the problems are tiny, and the machine may be shared
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")  # trainings are compared bit by bit; set it to test on a GPU


@pytest.fixture(autouse=True)
def seed() -> Iterator[int]:
    """Seed all global generators, and see to it that no test leaves another default type behind."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 - the global generator is the one to pin down
    torch.manual_seed(0)
    yield 0
    assert torch.get_default_dtype() == torch.float32


@dataclass
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The one line that a failure prints on the standard error, without ``physml: ``."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("physml: ")
        return lines[0].removeprefix("physml: ")

    @property
    def run_dir(self) -> Path:
        """The run directory that a training printed last."""
        label, _, directory = self.out.strip().splitlines()[-1].partition(": ")
        assert label == "run directory", self.out
        return Path(directory)


def _process(*arguments: object, folder: Path, **environment: str) -> Outcome:
    command = [str(Path(sysconfig.get_path("scripts")) / "physml"), *map(str, arguments)]
    variables = {**os.environ, "OMP_NUM_THREADS": "1", "WANDB_MODE": "offline", **environment}
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=300)
    return Outcome(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def process() -> Callable[..., Outcome]:
    """Run the installed command in a process of its own, in the folder `folder`."""
    return _process


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> Callable[..., Outcome]:
    """Run the command line in this process, in `tmp_path`: seconds faster than a new one that has to import torch."""
    from physml.cli.main import main

    def run(*arguments: object, **environment: str) -> Outcome:
        capsys.readouterr()
        handlers, level = logging.root.handlers[:], logging.root.level
        with mock.patch.dict(os.environ, environment), monkeypatch.context() as patch:
            patch.chdir(tmp_path)
            patch.setattr(sys, "argv", ["physml", *map(str, arguments)])
            try:
                main()
                code = 0
            except SystemExit as end:
                code = end.code
            finally:  # Hydra hands the root logger a stream that ends with this test
                logging.root.handlers[:], logging.root.level = handlers, level
        return Outcome(code, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def toy_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 80 events in two classes, told apart by the sign of one of three numbers."""
    x = np.random.default_rng(0).normal(size=(80, 3)).astype(np.float32)
    path = tmp_path_factory.mktemp("toy") / "toy.npz"
    np.savez(path, x=x, y=(x[:, 0] > 0).astype(np.int64))
    return path


@pytest.fixture(scope="session")
def toy(toy_file: Path) -> list[str]:
    """The words of the command line that train a small network on the toy file, for two epochs of four steps."""
    return [
        "experiment=none",
        "name=toy",
        "data=file",
        f"data.path={toy_file}",
        "data.in_shape=[3]",
        "data.out_shape=[2]",
        "+data.batch_size=16",
        "network=mlp",
        "+task.network.hidden=[8]",
        "loss=cross_entropy",
        "+task.metrics={accuracy: {_target_: physml.metrics.sample_mean.SampleMean, "
        "values: {_target_: physml.metrics.classification.correct, _partial_: true}}}",
        "trainer=cpu",
        "trainer.max_epochs=2",
        "trainer.log_every_n_steps=1",
        "logger=csv",
    ]


@pytest.fixture(scope="session")
def toy_run(toy: list[str], process: Callable[..., Outcome], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run directory of a toy training by the real command line; not to be written to."""
    done = process("train", *toy, folder=tmp_path_factory.mktemp("toy_run"))
    assert done.code == 0, done.err
    return done.run_dir


@pytest.fixture
def trained(tmp_path: Path) -> Callable[..., Path]:
    """Train in this process what some words of the command line compose; returns the run directory."""
    from physml.cli.compose import compose_config
    from physml.runs.check import problems
    from physml.runs.train import train

    def run(*overrides: str, folder: str = "run") -> Path:
        directory = tmp_path / folder
        config = compose_config("train", [*overrides, f"run_dir={directory}"])
        assert problems(config) == []
        train(config, list(overrides))
        return directory

    return run


@pytest.fixture(scope="session")
def contents() -> Callable[[Path], dict[str, bytes]]:
    """All files below a folder by their path, to see whether one was touched."""

    def read(folder: Path) -> dict[str, bytes]:
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    return read
