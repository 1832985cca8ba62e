import time
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from physml.cli.compose import compose_config
from physml.runs import cluster
from physml.runs.quiet import quiet


@pytest.fixture
def config(toy):
    quiet()
    return compose_config("train", toy)


def test_every_line_of_a_machine_that_is_ready(process, toy, tmp_path):
    words = [word for word in toy if not word.startswith("logger")]
    done = process("check", "cluster", *words, folder=tmp_path)
    lines = done.out.splitlines()
    assert [line[4:18].strip() for line in lines] == [
        "devices",
        "backends",
        "gradients",
        "loader",
        "checkpoint",
        "signals",
        "W&B",
        "SLURM",
    ]
    for line in lines:
        if line[4:10] != "loader":  # as the machine is free
            assert line.startswith("ok  "), line
    assert "2 processes over gloo agree with one to" in lines[2]
    assert "SIGTERM: a training saved its state and ended in" in lines[5]
    assert not list(tmp_path.iterdir())


def test_more_threads_than_cores(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 10_000)
    ok, text = cluster._devices()
    assert not ok
    assert "more threads than cores, set OMP_NUM_THREADS=" in text


def test_gradients_that_differ(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "_problem", lambda: (nn.Linear(8, 1).double(), torch.ones(4, 8, dtype=torch.float64)))
    monkeypatch.setattr(cluster.multiprocessing, "spawn", halves)
    halves.spoil = 1.0
    assert cluster._gradients(tmp_path)[0]
    halves.spoil = 1.0 + 1e-9
    ok, text = cluster._gradients(tmp_path)
    assert not ok
    assert "agree with one to 1e-09" in text


def halves(function, arguments, nprocs):
    """What two processes would leave."""
    torch.manual_seed(0)
    gradient = cluster._gradient(*cluster._problem(), slice(None))
    for rank in range(nprocs):
        torch.save(halves.spoil * gradient, f"{arguments[1]}/gradient_{rank}.pt")
    torch.manual_seed(0)


def test_data_that_are_slower_than_the_steps(config, monkeypatch):
    class Slow:
        def train_dataloader(self):
            for _ in range(1000):
                time.sleep(0.05)
                yield {"x": torch.zeros(2, 3), "y": torch.zeros(2, dtype=torch.long)}

        def transfer_batch_to_device(self, batch, device, index):
            return batch

        prepare_data = setup = lambda self, stage=None: None

    build = cluster.build
    monkeypatch.setattr(cluster, "SECONDS", 0.2)
    monkeypatch.setattr(cluster, "build", lambda part: Slow() if part is config["data"] else build(part))
    assert "the steps wait for the data" in cluster._loader(config)[1]


def test_a_full_disk(config, tmp_path, monkeypatch):
    monkeypatch.setenv("PHYSML_RUNS", str(tmp_path / "not" / "there"))
    assert cluster._checkpoint(config, tmp_path)[0]
    monkeypatch.setattr(cluster.shutil, "disk_usage", lambda place: SimpleNamespace(free=2**20))
    ok, text = cluster._checkpoint(config, tmp_path)
    assert not ok
    assert f"0 GiB free in {tmp_path}: make room" in text


def test_a_training_that_fails_by_itself(toy, tmp_path):
    ok, text = cluster._signals([*toy, "data.in_shape=[4]"], tmp_path)
    assert not ok
    assert "a training ended with exit code 2: physml: " in text


def test_slurm(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cluster._slurm() == (True, "not here (no sinfo)")
    tool = tmp_path / "sinfo"
    tool.write_text("#!/bin/sh\necho 'gpu* 2 16 gpu:4'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert cluster._slurm()[1].endswith("gpu* 2 16 gpu:4")
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    monkeypatch.setenv("SLURM_NTASKS", "2")
    assert cluster._slurm() == (True, "job_id 7, ntasks 2")


def test_an_error_is_a_finding(config, monkeypatch):
    def fails(*_):
        raise OSError("no")

    for name in ("_devices", "_backends", "_gradients", "_loader", "_checkpoint", "_signals", "_wandb", "_slurm"):
        monkeypatch.setattr(cluster, name, fails)
    assert {str(finding)[:4] + finding.text for finding in cluster.findings(config, [])} == {"NO  OSError: no"}


def test_a_checkpoint_with_numbers_that_are_not_known_yet_and_one_that_comes_back_different(
    config, tmp_path, monkeypatch
):
    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("spread", torch.tensor(torch.nan))
            self.weight = nn.Parameter(torch.ones(2))

    monkeypatch.setenv("PHYSML_RUNS", str(tmp_path))
    monkeypatch.setattr(cluster, "build", lambda _: Network())
    assert cluster._checkpoint(config, tmp_path)[0]
    lost = {"state_dict": {"spread": torch.tensor(torch.nan), "weight": torch.zeros(2)}}
    monkeypatch.setattr(cluster.CheckpointFiles, "load_checkpoint", lambda *_: lost)
    ok, text = cluster._checkpoint(config, tmp_path)
    assert not ok
    assert "what was read is not what was written" in text
