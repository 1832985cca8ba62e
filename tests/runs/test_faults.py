import errno

import numpy as np
import pytest
import torch

from physml.data.files import FileDataModule
from physml.data.module import ArrayDataModule
from physml.data.stream import StreamDataModule
from physml.runs import faults
from physml.runs.check import accepted
from physml.runs.faults import batches_of, explained, going_on, out_of_memory, tell_lost_processes


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "a disk is full: make room on it"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "a disk is full: make room on it"),
        (MemoryError(), "out of memory: take less data at once"),
        (MemoryError("out of memory with batches of 2: try"), "out of memory with batches of 2: try"),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED"), "out of memory: take less data at once"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "out of memory: take less data at once"),
        (
            RuntimeError("DataLoader worker (pid 12) is killed by signal: Killed. "),
            "a process that loads data (12) was killed: if the memory was full, use fewer of them",
        ),
        (
            RuntimeError("[/pytorch/third_party/gloo/pair.cc:537] Read error: Connection reset by peer"),
            "another process of this training has ended or is out of reach: see what it said, or what killed it",
        ),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), None),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "a"), None),
        (ValueError("out of memory"), None),
    ],
)
def test_what_a_failure_means(error, line):
    assert explained(error) == line


def test_a_full_disk_is_named_with_what_is_free(tmp_path):
    error = OSError(errno.ENOSPC, "No space left on device for 3.0 MiB", str(tmp_path / "a" / "b.ckpt"))
    start, _, end = explained(error).partition(" 3.0 MiB, ")
    assert start == f"{tmp_path}/a/b.ckpt: No space left on device for"
    free, _, advice = end.partition(" MiB are free: ")
    assert float(free) > 0
    assert advice == f"make room in {tmp_path}"


@pytest.mark.parametrize(
    ("fail", "amount"),
    [
        (lambda: torch.empty(2**50, dtype=torch.uint8), " (1e+06 GiB more were wanted)"),
        (lambda: np.empty(2**50, dtype=np.uint8), " (1.00 PiB more were wanted)"),
        (lambda: bytes(2**62), ""),
    ],
)
def test_an_allocation_that_fails_names_a_batch_size_to_try(fail, amount):
    with pytest.raises(MemoryError, match=r"^out of memory") as caught, batches_of(100):
        fail()
    assert str(caught.value) == f"out of memory{amount} with batches of 100: try ++data.batch_size=50"
    assert explained(caught.value) == str(caught.value)


def test_where_no_smaller_batch_can_be_had():
    with pytest.raises(MemoryError, match="with batches of 1: take a smaller network, or a machine with more"):
        with batches_of(1):
            raise torch.OutOfMemoryError("CUDA out of memory")
    with pytest.raises(torch.OutOfMemoryError), batches_of(None):
        raise torch.OutOfMemoryError("CUDA out of memory")
    with pytest.raises(RuntimeError, match="shapes"), batches_of(8):
        raise RuntimeError("shapes")


def test_of_other_errors_it_says_nothing():
    assert not out_of_memory(RuntimeError("the size of tensor a must match"))
    assert not out_of_memory(FileNotFoundError(errno.ENOENT, "No such file"))


@pytest.mark.parametrize("module", [ArrayDataModule, FileDataModule, StreamDataModule])
def test_the_option_that_it_names_is_one_of_all_data(module):
    assert "batch_size" in accepted(module)[0]


def test_how_a_training_goes_on(tmp_path):
    assert going_on(tmp_path) == "no checkpoint was written yet"
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "best.ckpt").touch()
    assert going_on(tmp_path) == "no checkpoint was written yet"
    (tmp_path / "checkpoints" / "before_last.ckpt").touch()
    assert going_on(tmp_path).startswith(f"physml train run={tmp_path} goes on from the last checkpoint")
    assert going_on(tmp_path / "gone").startswith("the run directory is gone")


def test_the_end_of_another_process_is_said_in_our_words(tmp_path, capsys, monkeypatch):
    from lightning.fabric.strategies.launchers import subprocess_script as launcher

    class Ended:
        pid, returncode = 7, -9

        def poll(self):
            pass

        def send_signal(self, number):
            pass

    for _ in range(2):  # two trials of a sweep
        tell_lost_processes(tmp_path)
    waited = []
    monkeypatch.setattr(faults.time, "sleep", waited.append)
    observer = launcher._ChildProcessObserver(main_pid=0, child_processes=[Ended()])
    observer._terminate_all = lambda: None
    observer._run()
    (message,) = capsys.readouterr().err.splitlines()
    assert message.startswith("physml: process 1 of this training (7) ended with code -9, and so must the others: ")
    assert message.endswith(going_on(tmp_path))
    assert waited == [faults._GRACE], "the first process has no time to end by itself"
