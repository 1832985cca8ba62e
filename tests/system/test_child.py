"""A process that is watched: it is not held up, and does not outlive the block."""

import sys

from physml.runs.child import child


def test_a_process_that_says_much_is_not_held_up():
    with child([sys.executable, "-c", "import sys; sys.stderr.write('x' * 2**20 + 'the end')"]) as (process, said):
        assert process.wait(timeout=60) == 0
        assert said()[-8:] == "xthe end"


def test_a_process_ends_with_the_block():
    with child([sys.executable, "-c", "import time; time.sleep(60)"]) as (process, _):
        pass
    assert process.returncode == -9
