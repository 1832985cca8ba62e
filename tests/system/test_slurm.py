"""A real SLURM cluster of two nodes on this machine; `make test-cluster` runs this."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
import torch

pytestmark = pytest.mark.cluster

TOOLS = ("munged", "slurmctld", "slurmd", "srun", "scontrol")

CONFIG = """
ClusterName=test
SlurmctldHost=localhost
SlurmctldPort={ports[0]}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.sock
CredType=cred/munge
SlurmUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
MpiDefault=none
JobRequeue=1
ReturnToService=2
NodeName=n1 NodeHostname=localhost NodeAddr=127.0.0.1 Port={ports[1]} CPUs={cores} State=UNKNOWN
NodeName=n2 NodeHostname=localhost NodeAddr=127.0.0.1 Port={ports[2]} CPUs={cores} State=UNKNOWN
PartitionName=low Nodes=n1,n2 Default=YES PriorityTier=1 PreemptMode=REQUEUE GraceTime=60 State=UP
PartitionName=high Nodes=n1,n2 PriorityTier=10 PreemptMode=OFF State=UP
"""


def wait(done, seconds, what):
    for _ in range(10 * seconds):
        if found := done():
            return found
        time.sleep(0.1)
    raise AssertionError(f"after {seconds} s there is still no {what}")


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """The environment of a user of a running cluster."""
    path = f"{os.environ['PATH']}:/usr/sbin"
    if missing := [tool for tool in TOOLS if shutil.which(tool, path=path) is None]:
        pytest.skip(f"{', '.join(missing)}: not here: apt-get install slurmctld slurmd slurm-client munge")
    if os.getuid():
        pytest.skip("SLURM's daemons are to be started, which needs root")
    folder = tmp_path_factory.mktemp("slurm")
    for name in ("state", "spool.n1", "spool.n2"):
        (folder / name).mkdir()
    (folder / "key").write_bytes(os.urandom(1024))
    (folder / "key").chmod(0o400)
    folder.chmod(0o755)
    config = folder / "slurm.conf"
    config.write_text(CONFIG.format(folder=folder, ports=free_ports(3), cores=os.cpu_count()))
    environment = {**os.environ, "PATH": path, "SLURM_CONF": str(config), "MASTER_ADDR": "127.0.0.1"}
    environment |= {"OMP_NUM_THREADS": "1", "WANDB_MODE": "offline"}
    files = {"pid": "munged.pid", "log": "munged.log", "seed": "munged.seed"}
    daemons = [
        ["munged", "--force", f"--key-file={folder}/key", f"--socket={folder}/munge.sock"]
        + [f"--{name}-file={folder}/{file}" for name, file in files.items()],
        ["slurmctld", "-f", config],
        ["slurmd", "-N", "n1", "-f", config],
        ["slurmd", "-N", "n2", "-f", config],
    ]
    try:
        for daemon in daemons:
            subprocess.run(daemon, env=environment, check=True, capture_output=True)
        wait(lambda: set(ask(environment, "sinfo", "-h", "-o", "%T").split()) == {"idle"}, 60, "idle node")
        yield environment
    finally:
        ask(environment, "scancel", "--full", "--user=root")  # the steps of a job outlive the daemons
        for _ in range(100):
            if not ask(environment, "squeue", "-h"):
                break
            time.sleep(0.1)
        for file in folder.glob("*.pid"):
            os.kill(int(file.read_text()), signal.SIGKILL if "slurmd." in file.name else signal.SIGTERM)


def ask(environment, *command):
    return subprocess.run(command, env=environment, capture_output=True, text=True).stdout.strip()


def train(environment, toy, folder, *words):
    """Start the submission; the process and what it prints, and the run directory."""
    command = ["physml", "train", "launcher=slurm", *toy, f"hydra.sweep.dir={folder}"]
    command += ["hydra.launcher.partition=low", f"hydra.launcher.cpus_per_task={os.cpu_count()}", *words]
    with (folder.parent / f"{folder.name}.log").open("w") as log:
        return subprocess.Popen(command, env=environment, stdout=log, stderr=log), folder / "0_toy"


def logs(folder):
    return "".join(path.read_text() for path in sorted(folder.glob(".submitit/*/*_log.*")))


def state(run):
    return torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)


def test_two_nodes_train_as_one(cluster, toy, tmp_path, trained):
    words = ["trainer=ddp_cpu", "trainer.devices=1", "++trainer.num_nodes=2", "data.batch_size=4", "optimizer=sgd"]
    process, run = train(cluster, toy, tmp_path / "sweep", *words, "hydra.launcher.nodes=2")
    wait(lambda: (run / "results.json").is_file(), 180, "result")
    assert process.wait(timeout=180) == 0
    assert "global_rank=1(2)" in logs(tmp_path / "sweep")
    expected = trained(*toy, "data.batch_size=8", "optimizer=sgd")
    for name, value in state(expected)["state_dict"].items():
        torch.testing.assert_close(state(run)["state_dict"][name], value, rtol=1e-4, atol=1e-6)


def test_seeds_are_jobs_and_end_in_one_table(cluster, toy, tmp_path):
    process, _ = train(cluster, toy, tmp_path / "sweep", "seed=1,2", "trainer=smoke")
    assert process.wait(timeout=600) == 0
    (setting,) = json.loads((tmp_path / "sweep" / "summary.json").read_text())["settings"]
    assert (setting["runs"], setting["without_results"]) == ([0, 1], [])
    assert "toy: 2 runs" in (tmp_path / "sweep.log").read_text()


def test_a_preempted_job_goes_on(cluster, toy, tmp_path, trained):
    words = ["trainer.max_epochs=300", "+data.batch_size=4", "trainer.log_every_n_steps=10"]
    words = [word for word in [*toy, *words] if word not in ("+data.batch_size=16", "trainer.log_every_n_steps=1")]
    process, run = train(cluster, words, tmp_path / "sweep")
    wait(lambda: (run / "checkpoints" / "last.ckpt").is_file(), 180, "checkpoint")
    (job,) = ask(cluster, "squeue", "-h", "-o", "%i").split()
    subprocess.run(["srun", "-p", "high", "-N2", f"-n{2 * os.cpu_count()}", "true"], env=cluster, timeout=120)
    assert "physml: SIGTERM: the state is saved; the job is queued again" in logs(tmp_path / "sweep")
    ask(cluster, "scontrol", "update", f"JobId={job}", "StartTime=now")  # instead of two minutes later
    wait(lambda: (run / "results.json").is_file(), 300, "result")
    assert process.wait(timeout=180) == 0
    assert len(json.loads((run / "provenance.json").read_text())["resumed"]) == 1
    expected = trained(*words)
    for name, value in state(expected)["state_dict"].items():
        assert torch.equal(state(run)["state_dict"][name], value)
    assert (run / "metrics.csv").read_bytes() == (expected / "metrics.csv").read_bytes()


def test_a_job_whose_time_is_up_goes_on(cluster, toy, tmp_path):
    script = Path(__file__).parents[2] / "scripts" / "slurm.sbatch"
    words = [*toy, "trainer.max_epochs=200"]
    done = subprocess.run(["sbatch", "--parsable", script, *words], cwd=tmp_path, env=cluster, capture_output=True)
    job = done.stdout.decode().strip()
    run = tmp_path / "runs" / "jobs" / job
    wait(lambda: (run / "checkpoints" / "last.ckpt").is_file(), 180, "checkpoint")
    ask(cluster, "scancel", "--signal=USR1", job)  # as --signal=USR1@120 does
    log = tmp_path / f"physml_{job}.log"
    wait(lambda: "physml: SIGUSR1: the state is saved; the job is queued again" in log.read_text(), 60, "requeue")
    wait(lambda: ask(cluster, "squeue", "-h", "-j", job, "-o", "%T") == "PENDING", 60, "waiting job")
    ask(cluster, "scontrol", "update", f"JobId={job}", "StartTime=now")
    wait(lambda: (run / "results.json").is_file(), 240, "result")
    assert state(run)["epoch"] == 199
    assert len(json.loads((run / "provenance.json").read_text())["resumed"]) == 1


def test_a_cancelled_job_stays_so(cluster, toy, tmp_path):
    script = Path(__file__).parents[2] / "scripts" / "slurm.sbatch"
    words = [*toy, "trainer.max_epochs=2000"]
    done = subprocess.run(["sbatch", "--parsable", script, *words], cwd=tmp_path, env=cluster, capture_output=True)
    job = done.stdout.decode().strip()
    run = tmp_path / "runs" / "jobs" / job
    wait(lambda: (run / "checkpoints" / "last.ckpt").is_file(), 180, "checkpoint")
    ask(cluster, "scancel", job)
    wait(lambda: not ask(cluster, "squeue", "-h", "-j", job), 60, "end of the job")
    assert "goes on" in (tmp_path / f"physml_{job}.log").read_text()


def test_the_machine_is_ready(cluster, toy, tmp_path):
    words = [word for word in toy if not word.startswith("logger")]
    done = subprocess.run(
        ["srun", "-N1", "-n1", "physml", "check", "cluster", *words],
        cwd=tmp_path, env=cluster, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    slurm = next(line for line in done.stdout.splitlines() if "SLURM" in line)
    assert slurm.startswith("ok  SLURM")
    assert "job_nodelist n" in slurm
