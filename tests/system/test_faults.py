"""The machine fails, in earnest where that can be had: the training survives, or ends in one line and can go on."""

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import wandb

from physml.runs.load import read_checkpoint
from physml.tasks.supervised import SupervisedTask

ENVIRONMENT = {
    "WANDB_MODE": "offline",
    "HYDRA_FULL_ERROR": "",
    "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]),
}
FAULTY = {**ENVIRONMENT, "FAULTS": "now"}


@pytest.fixture(autouse=True)
def injected(monkeypatch):
    """Let configs name ``injected.…``, the file beside this one."""
    monkeypatch.syspath_prepend(Path(__file__).parent)


def fault(action, hook, step, given=""):
    """Words that do something of ``injected.py`` in a training."""
    action = f"{{_target_: injected.{action}, _partial_: true{given}}}"
    return f"+callbacks.fault={{_target_: injected.Inject, action: {action}, hook: {hook}, step: {step}}}"


def weights(run):
    return read_checkpoint(run / "checkpoints" / "last.ckpt")["state_dict"]


def assert_same_end(run, reference):
    """Check that a run that was disturbed has come to the end of an undisturbed one."""
    assert json.loads((run / "results.json").read_text())["steps"] == 8
    expected = weights(reference)
    assert all(torch.equal(value, expected[name]) for name, value in weights(run).items())


@pytest.fixture
def small_disk():
    """A disk of two MiB."""
    # Not in tmp_path: what a killed test leaves mounted there, the next session of pytest cannot remove.
    place = Path(tempfile.mkdtemp(prefix="physml_small_disk_"))
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)], capture_output=True, text=True
    )
    if done.returncode:
        place.rmdir()
        pytest.skip(f"cannot mount a small disk here: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)
    place.rmdir()


@pytest.mark.parametrize(
    ("hook", "step", "file", "saved"),
    [
        ("on_train_start", 0, "metrics.csv", False),
        ("on_train_batch_start", 5, "checkpoints/sha256.json", True),
        ("on_test_start", 8, "metrics.csv", True),
        ("on_test_end", 8, "results.json", True),
    ],
)
def test_a_full_disk(command, toy, toy_run, small_disk, hook, step, file, saved):
    run = small_disk / "run"
    words = [*toy, f"hydra.run.dir={run}", fault("fill_disk", hook, step)]
    done = command("train", *words, **FAULTY)
    assert done.code == 1
    end = f"physml train run={run} goes on from the last checkpoint" if saved else "no checkpoint was written yet"
    assert re.fullmatch(
        rf"training failed: {run}/{file}: No space left on device, 0.0 MiB are free: make room in .* \({end}.*\)",
        done.complaint,
    )
    assert not list(run.rglob(".*")), "something half written is left"

    done = command("train", f"run={run}", "allow=[injected]", **ENVIRONMENT)
    assert done.code == 1
    assert done.complaint.startswith(f"{run}/provenance.json: No space left on device, 0.0 MiB are free: make room in")

    (small_disk / "ballast").unlink()
    done = command("train", f"run={run}", "allow=[injected]", **ENVIRONMENT)
    assert (done.code, done.err) == (0, "")
    assert_same_end(run, toy_run)


def test_a_disk_too_full_for_a_checkpoint(command, toy, small_disk):
    run = small_disk / "run"
    words = [*toy, f"hydra.run.dir={run}", "task.network.hidden=[20000]", "optimizer=sgd", "logger=none"]
    done = command("train", *words, **ENVIRONMENT)
    assert done.code == 1
    file = rf"{run}/checkpoints/(best|last).ckpt"
    line = rf"training failed: {file}: No space left on device for \d.\d MiB, 0.\d MiB are free"
    assert re.match(rf"{line}: make room in {run}/checkpoints \(physml train run={run} goes on", done.complaint)


def test_a_disk_that_is_full_from_the_start(command, toy, small_disk):
    from injected import fill_disk

    run = small_disk / "run"
    fill_disk(SimpleNamespace(default_root_dir=run))
    done = command("train", *toy, f"hydra.run.dir={run}", **ENVIRONMENT)
    assert done.code == 1
    assert done.complaint.startswith(f"{run}/provenance.json: No space left on device, 0.0 MiB are free: make room in")
    assert not run.exists()


def test_a_full_disk_and_wandb(command, toy, small_disk):
    run = small_disk / "run"
    words = [*toy, "logger=[csv,wandb]", f"hydra.run.dir={run}", fault("fill_disk", "on_train_batch_start", 5)]
    done = command("train", *words, **FAULTY)
    assert done.code == 1
    assert done.complaint.startswith("training failed: ")
    assert "No space left on device" in done.complaint


def test_figures_that_do_not_fit_cost_no_results(command, toy, toy_run, small_disk):
    run = small_disk / "run"
    words = [*toy, f"hydra.run.dir={run}", fault("fill_disk", "on_test_end", 8, given=", left: 8192")]
    done = command("train", *words, **FAULTY)
    assert done.code == 0
    assert done.complaint.startswith(f"the learning curves were not drawn: {run}/figures/learning_curves.png: No space")
    assert_same_end(run, toy_run)
    assert not list((run / "figures").iterdir())


@pytest.mark.parametrize("logger", ["csv", "none"])
def test_a_run_directory_that_vanishes(command, toy, tmp_path, logger):
    run = tmp_path / "run"
    words = [*toy, f"logger={logger}", f"hydra.run.dir={run}", fault("remove_run", "on_train_batch_start", 5)]
    done = command("train", *words, **FAULTY)
    assert done.code == 1
    assert done.complaint.startswith(f"training failed: [Errno 2] No such file or directory: '{run}")
    assert done.complaint.endswith("(the run directory is gone, and its checkpoints with it: was it moved or removed?)")
    assert not run.exists(), "it was made again"


def test_wandb_that_is_killed(process, toy, toy_run, tmp_path, monkeypatch):
    monkeypatch.delenv("WANDB_SERVICE", raising=False)  # by which W&B's process of an earlier test would be used
    words = [*toy, "logger=[csv,wandb]", fault("kill_wandb", "on_train_batch_start", 5)]
    done = process("train", *words, folder=tmp_path, **FAULTY)
    assert done.code == 0
    # The connection is lost or reset, as the moment has it.
    assert re.fullmatch(
        r"W&B failed \(.*Connection .*\): the training goes on without it, and what it has of the run stays incomplete",
        done.complaint,
    )
    assert_same_end(done.run_dir, toy_run)


def test_wandb_without_a_place(command, toy, toy_run, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    (run / "wandb").write_text("not a folder")
    done = command("train", *toy, "logger=[csv,wandb]", f"hydra.run.dir={run}", **ENVIRONMENT)
    assert done.code == 0
    assert done.complaint.startswith(f"W&B failed ([Errno 20] Not a directory: '{run}/wandb/offline-run-")
    assert_same_end(run, toy_run)


@pytest.mark.parametrize(
    ("key", "reason"), [("0" * 40, "(connection refused|timed out)"), ("", "No API key configured")]
)
def test_wandb_without_a_network_or_a_key(command, toy, toy_run, tmp_path, monkeypatch, key, reason):
    monkeypatch.setattr("physml.callbacks.weights_and_biases.CONNECTING", 1.0)
    wandb.teardown()  # forgets the key of another test
    online = {"WANDB_MODE": "online", "WANDB_BASE_URL": "http://127.0.0.1:9", "WANDB_API_KEY": key}
    run = tmp_path / "run"
    words = [*toy, "logger=[csv,wandb]", f"hydra.run.dir={run}"]
    done = command("train", *words, **{**ENVIRONMENT, **online, "NETRC": str(tmp_path / "netrc")})
    assert done.code == 0
    assert re.match(rf"W&B failed \(.*{reason}", done.complaint)
    assert done.complaint.endswith(f"the run is written to {run}/wandb; `wandb sync` takes it from there")
    assert list(run.glob("wandb/offline-run-*/run-run_*.wandb"))
    assert_same_end(run, toy_run)


def test_a_killed_process_that_loads_data(process, command, toy, tmp_path):
    # Batches are small, so that many are still to come: what Python says of a killed process may be lost once.
    words = [word for word in toy if "batch_size" not in word] + ["+data.batch_size=2"]
    words += ["data._target_=injected.Workers", f"hydra.run.dir={tmp_path / 'run'}"]
    words.append(fault("kill_loader", "on_train_batch_start", 37))
    done = process("train", *words, folder=tmp_path, **{**ENVIRONMENT, "FAULTS": str(tmp_path / "processes")})
    assert done.code == 1
    assert re.match(
        r"training failed: a process that loads data \(\d+\) was killed: if the memory was full, use fewer of them "
        rf"\(physml train run={tmp_path}/run goes on from the last checkpoint",
        done.complaint,
    )
    assert not [number for number in (tmp_path / "processes").read_text().split() if is_running(number)]
    done = command("train", f"run={tmp_path / 'run'}", "allow=[injected]", **ENVIRONMENT)
    assert (done.code, done.err) == (0, "")


def is_running(number):
    stat = Path(f"/proc/{number}/stat")
    return stat.is_file() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.parametrize(
    ("action", "amount"), [("run_out_of_gpu_memory", "20.00 GiB"), ("ask_for_a_pebibyte", "1e+06 GiB")]
)
def test_out_of_memory(command, toy, tmp_path, action, amount):
    run = tmp_path / "run"
    words = [*toy, f"hydra.run.dir={run}", fault(action, "on_train_batch_start", 5)]
    done = command("train", *words, **FAULTY)
    assert done.code == 1
    assert done.complaint == (
        f"training failed: out of memory ({amount} more were wanted) with batches of 16: try ++data.batch_size=8 "
        f"(physml train run={run} goes on from the last checkpoint, with changed keys by --force)"
    )
    done = command("train", f"run={run}", "++data.batch_size=8", "--force", "allow=[injected]", **ENVIRONMENT)
    assert (done.code, done.err) == (0, "")
    assert json.loads((run / "results.json").read_text())["steps"] == 4 + 8


def test_out_of_memory_in_earnest(process, toy, tmp_path):
    """A step needs about 200 MiB for 64 events, a layer's 49 MiB four times; 150 MiB are allowed."""
    run, limit = tmp_path / "run", fault("limit_memory", "on_train_start", 0)
    words = [*toy, "task.network.hidden=[200000]", "data.batch_size=64", "optimizer=sgd", f"hydra.run.dir={run}"]
    done = process("train", *words, limit, folder=tmp_path, **FAULTY)
    assert done.code == 1
    advice = re.match(r"training failed: out of memory .* with batches of 64: try (\S+) \(", done.complaint)[1]
    assert advice == "++data.batch_size=32"
    done = process("train", f"run={run}", advice, "--force", "allow=[injected]", folder=tmp_path, **FAULTY)
    assert (done.code, done.err) == (0, "")


def test_out_of_memory_at_the_first_contact(command, toy, tmp_path, monkeypatch):
    monkeypatch.setattr(SupervisedTask, "objective", lambda *_: torch.empty(2**50))
    done = command("train", *toy, **ENVIRONMENT)
    assert done.code == 1
    assert done.complaint == "out of memory (4.2e+06 GiB more were wanted) with batches of 16: try ++data.batch_size=8"
    assert not list(tmp_path.rglob("config.yaml"))


def test_out_of_memory_with_a_finished_run(command, toy_run, toy_file, tmp_path, monkeypatch):
    run = shutil.copytree(toy_run, tmp_path / "copy")
    monkeypatch.setattr("physml.networks.mlp.MLP.forward", lambda *_: torch.empty(2**50))
    done = command("eval", f"run={run}", "data.batch_size=10", **ENVIRONMENT)
    assert done.code == 1
    assert done.complaint.endswith("with batches of 10: try data.batch_size=5")
    done = command("predict", f"run={run}", f"input={toy_file}", "output=b.npz", **ENVIRONMENT)
    assert done.code == 1
    assert done.complaint.endswith("with batches of 80: try batch_size=40")


@pytest.mark.parametrize(
    ("action", "code", "line"),
    [
        ("kill_second", 1, "training failed: another process of this training has ended or is out of reach: see what "),
        ("kill_second_while_first_hangs", -9, "process 1 of this training ({number}) ended with code -9, and so must"),
    ],
)
def test_a_killed_process_of_ddp(process, toy, tmp_path, action, code, line):
    run = tmp_path / "run"
    words = [*toy, "trainer=ddp_cpu", "data.batch_size=8", f"hydra.run.dir={run}"]
    done = process("train", *words, fault(action, "on_train_batch_start", 5), folder=tmp_path, **FAULTY)
    assert done.code == code
    assert re.match(re.escape(line).replace(r"\{number\}", r"\d+"), done.complaint)
    assert f"physml train run={run} goes on from the last checkpoint" in done.complaint
