"""A job of SLURM that is asked to end asks to be started again."""

import os
import subprocess


def requeue() -> bool:
    """Put this process's job back into the queue, unless somebody has cancelled it; say whether it was.

    Whoever ends a job by a signal, as for a preemption or as its time is nearly up, leaves it running until it ends by
    itself, and a job that did so is not started again. A cancelled one is no longer running.
    """
    job = os.environ.get("SLURM_JOB_ID")
    if job is None:
        return False
    if "SLURM_ARRAY_JOB_ID" in os.environ:  # the number of one of its tasks is that of the whole array
        job = f"{os.environ['SLURM_ARRAY_JOB_ID']}_{os.environ['SLURM_ARRAY_TASK_ID']}"
    try:
        state = _output("squeue", "--noheader", f"--jobs={job}", "--states=all", "--format=%T")
        if state != "RUNNING":
            return False
        _output("scontrol", "requeue", job)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.strip()
