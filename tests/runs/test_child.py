import os
import select
import signal
import subprocess
import sys

import pytest

from physml.runs.child import child

# A process and one that it has started, as a training starts some that load data. Both hold a pipe, which has an end
# when both have ended.
PAIR = """
import os, signal, sys
os.fork()
pipe = open(sys.argv[1], "w")
print("here", file=pipe, flush=True)
signal.alarm(60)
signal.pause()
"""
PARENT = """
import signal, sys
from physml.runs.child import child
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whatever the tests were started by
signal.signal(signal.SIGINT, signal.default_int_handler)
with child([sys.executable, "-c", *sys.argv[1:]]) as (process, _):
    process.wait()
"""


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, -signal.SIGINT)]
)
def test_a_signal_to_the_parent_ends_all(tmp_path, number, code):
    os.mkfifo(tmp_path / "pipe")
    parent = subprocess.Popen([sys.executable, "-c", PARENT, PAIR, tmp_path / "pipe"], stderr=subprocess.DEVNULL)
    with (tmp_path / "pipe").open() as pipe:
        assert [pipe.readline(), pipe.readline()] == ["here\n", "here\n"]
        parent.send_signal(number)
        assert parent.wait() == code
        assert select.select([pipe], [], [], 10)[0], "a process was left behind"
        assert pipe.read() == ""


def test_it_is_killed_where_the_block_is_left():
    with pytest.raises(KeyError), child([sys.executable, "-c", "import signal; signal.pause()"]) as (process, _):
        raise KeyError
    assert process.returncode == -signal.SIGKILL
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_one_that_has_ended_is_left_alone():
    with child([sys.executable, "-c", "import sys; sys.exit('done')"]) as (process, said):
        assert process.wait() == 1
        assert said() == "done\n"


def test_one_that_says_much_is_not_held_up():
    with child([sys.executable, "-c", "import sys; sys.exit('x' * 2**20)"]) as (process, said):
        assert process.wait(timeout=60) == 1
        assert len(said()) == 2**20 + 1


def test_a_signal_that_is_passed_over_stays_so():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # by nohup
    try:
        with child([sys.executable, "-c", ""]):
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
