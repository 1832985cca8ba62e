import errno
import fcntl
import os
import subprocess
import sys

import pytest

from physml.runs.lock import held

TRIES = """
import sys
from pathlib import Path
from physml.runs.lock import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def other(folder):
    return subprocess.Popen(
        [sys.executable, "-c", TRIES, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def test_one_process_at_a_time_and_nothing_stays(tmp_path):
    with held(tmp_path / "run"), other(tmp_path / "run") as process:
        assert b"another process trains in it: wait for its end" in process.communicate()[1]
    assert not list((tmp_path / "run").iterdir())


def test_a_process_that_was_killed_holds_nothing(tmp_path):
    with other(tmp_path) as process:
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(FileExistsError, match="another process trains in it"), held(tmp_path):
            pass
        process.kill()
    assert (tmp_path / ".lock").exists()
    with held(tmp_path):
        pass
    assert not (tmp_path / ".lock").exists()


def test_a_lock_of_a_file_that_was_removed_meanwhile_is_none(tmp_path, monkeypatch):
    lock, calls = fcntl.lockf, []

    def late(file, kind):
        calls.append(kind)
        if len(calls) == 1:  # who held it lets go of it just before
            (tmp_path / ".lock").unlink()
        lock(file, kind)

    monkeypatch.setattr(fcntl, "lockf", late)
    with held(tmp_path):
        assert len(calls) == 2
        assert (tmp_path / ".lock").exists()


@pytest.mark.parametrize(("number", "goes_on"), [(errno.ENOLCK, True), (errno.ENOSYS, True), (errno.EIO, False)])
def test_a_disk_without_locks_keeps_nobody_from_training(tmp_path, monkeypatch, number, goes_on):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "lockf", refuse)
    if goes_on:
        with held(tmp_path):
            pass
    else:
        with pytest.raises(OSError, match=os.strerror(number)), held(tmp_path):
            pass
