import pytest

from physml.runs.slurm import requeue


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """Stand-ins for SLURM's commands, which write down how they were called."""

    def make(state, code=0):
        for name, says in (("squeue", state), ("scontrol", "")):
            tool = tmp_path / name
            tool.write_text(f'#!/bin/sh\necho {name} "$@" >> {tmp_path}/calls\necho {says}\nexit {code}\n')
            tool.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
        monkeypatch.setenv("SLURM_JOB_ID", "17")
        monkeypatch.delenv("SLURM_ARRAY_JOB_ID", raising=False)

    return make


def calls(tmp_path):
    return (tmp_path / "calls").read_text().splitlines()


def test_a_running_job_is_queued_again(tools, tmp_path):
    tools("RUNNING")
    assert requeue()
    assert calls(tmp_path)[1] == "scontrol requeue 17"


def test_of_an_array_the_task_alone_is_queued_again(tools, tmp_path, monkeypatch):
    tools("RUNNING")
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "17")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "3")
    assert requeue()
    assert "--jobs=17_3" in calls(tmp_path)[0]
    assert calls(tmp_path)[1] == "scontrol requeue 17_3"


@pytest.mark.parametrize("state", ["CANCELLED", "COMPLETING", ""])
def test_a_cancelled_one_is_not(tools, tmp_path, state):
    tools(state)
    assert not requeue()
    assert len(calls(tmp_path)) == 1


def test_neither_where_slurm_fails_or_is_not(tools, tmp_path, monkeypatch):
    tools("RUNNING", code=1)
    assert not requeue()
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert not requeue()
    monkeypatch.delenv("SLURM_JOB_ID")
    assert not requeue()
