import json
import re
import struct
import sys
import types
import zlib

import pytest
import wandb
from matplotlib.figure import Figure

from physml.callbacks.weights_and_biases import wandb_logger


def records(path):
    """Read the records of an offline run, as ``wandb sync`` will: LevelDB's log format, checksums included."""
    from wandb.proto import wandb_internal_pb2

    data, position, parts, found = path.read_bytes(), 7, [], []
    assert data.startswith(b":W&B")
    while position + 7 <= len(data):
        if (left := 32768 - position % 32768) < 7:
            position += left
            continue
        checksum, length, kind = struct.unpack("<IHB", data[position : position + 7])
        chunk = data[position + 7 : position + 7 + length]
        position += 7 + length
        assert zlib.crc32(chunk, zlib.crc32(bytes([kind]))) == checksum
        parts.append(chunk)
        if kind in (1, 4):  # a whole record, or the last part of one
            record = wandb_internal_pb2.Record()
            record.ParseFromString(b"".join(parts))
            found.append(record)
            parts = []
    return found


def values(update):
    return {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in update}


@pytest.fixture(autouse=True)
def logged_out(monkeypatch, tmp_path):
    monkeypatch.delenv("WANDB_MODE", raising=False)
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


def test_an_offline_run_holds_config_metrics_figures_and_the_checkpoint(trained, toy, monkeypatch):
    plots = types.ModuleType("plots_of_a_test")
    plots.plot = lambda x, prediction: Figure()
    monkeypatch.setitem(sys.modules, plots.__name__, plots)
    directory = trained(
        *toy, "logger=wandb", "+callbacks.figures.plots.cloud={_target_: plots_of_a_test.plot, _partial_: true}"
    )
    wandb.teardown()  # waits until its process has written everything, as the end of a command does
    (file,) = directory.glob("wandb/offline-run-*/run-*.wandb")
    own = file.name.removeprefix("run-").removesuffix(".wandb")
    assert re.fullmatch(rf"{directory.name}_[0-9a-f]{{8}}", own)
    by_kind = {}
    for record in records(file):
        by_kind.setdefault(record.WhichOneof("record_type"), []).append(record)

    run = by_kind["run"][0].run
    assert (run.run_id, run.project, run.display_name) == (
        own,
        "physml",
        f"{directory.parent.name}/{directory.name}",
    )
    config = values(by_kind["config"][0].config.update)
    assert config["name"] == "toy"
    assert config["task"]["network"]["hidden"] == [8]
    logged = {key for record in by_kind["history"] for key in values(record.history.item)}
    assert {"train/J", "val/accuracy", "test/accuracy", "lr-Adam"} <= logged
    assert any(key.startswith("figures/cloud") for key in logged)
    assert list(file.parent.glob("files/media/images/figures/*.png"))
    summary = {key: value for record in by_kind["summary"] for key, value in values(record.summary.update).items()}
    assert summary["final/accuracy"] == json.loads((directory / "results.json").read_text())["metrics"]["accuracy"]
    (artifact,) = (record.artifact for record in by_kind["artifact"])
    assert artifact.name == f"checkpoint-{own}"
    assert (directory / "checkpoints" / "best.ckpt").resolve().as_uri() in str(artifact.manifest)
    assert by_kind["exit"][0].exit.exit_code == 0


def test_offline_unless_logged_in(tmp_path, monkeypatch):
    modes = []
    monkeypatch.setattr("physml.callbacks.weights_and_biases.WandbLog", lambda path, mode, **_: modes.append(mode))
    login = "wandb.login"
    for logged_in in (False, True):
        monkeypatch.setattr(login, lambda logged_in=logged_in, **_: logged_in)
        wandb_logger(str(tmp_path))
    monkeypatch.setenv("WANDB_MODE", "disabled")
    wandb_logger(str(tmp_path))
    assert modes == ["offline", "online", "disabled"]


def test_what_fails_is_said_once_and_costs_nothing(tmp_path, monkeypatch, capsys):
    class Dead:
        id = "a"

        def __getattr__(self, name):
            raise ConnectionResetError("Connection\nlost")

    monkeypatch.setenv("WANDB_MODE", "offline")
    log = wandb_logger(str(tmp_path))
    log._experiment = Dead()
    log.log_metrics({"x": 1.0}, 0)
    log.log_metrics({"x": 2.0}, 1)
    log.log_hyperparams({"a": 1})
    log.refer_to_checkpoint(tmp_path, {"loss": {"value": 1.0}})
    log.finish()
    assert capsys.readouterr().err == (
        "physml: W&B failed (Connection lost): the training goes on without it, and what it has of the run stays "
        "incomplete\n"
    )


def test_what_stands_in_for_a_failed_run_does_not_take_in_the_next_one(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    log = wandb_logger(str(tmp_path / "first"))
    log.log_metrics({"x": 1.0}, 0)
    monkeypatch.setattr(log._experiment, "finish", lambda: 1 / 0)
    log.finish()
    log = wandb_logger(str(tmp_path / "second"))
    log.log_metrics({"x": 1.0}, 0)
    assert not log.experiment.disabled
    log.finish()
    assert len(list((tmp_path / "second").glob("wandb/offline-run-*"))) == 1


def test_figures_that_it_cannot_take_cost_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("WANDB_MODE", "offline")
    log = wandb_logger(str(tmp_path))
    for write, kind in (("log_image", "Image"), ("log_video", "Video")):
        monkeypatch.setattr(wandb, kind, lambda *_, **__: 1 / 0)
        getattr(log, write)("figures/a", ["a.png"])
        assert "physml: W&B failed (division by zero): the training goes on without it" in capsys.readouterr().err
    log.finish()


def test_a_run_that_cannot_begin_online_is_written_offline(tmp_path, monkeypatch, capsys):
    begin, asked = wandb.init, []

    def no_network(**given):
        asked.append((given["mode"], given["resume"]))
        if given["mode"] == "online":
            raise wandb.errors.CommError("no network")
        return begin(**given)

    monkeypatch.setattr(wandb, "init", no_network)
    monkeypatch.setenv("WANDB_MODE", "online")
    log = wandb_logger(str(tmp_path / "run"))
    log.log_metrics({"x": 1.0}, 0)
    log.finish()
    assert asked == [("online", "allow"), ("offline", None)]
    assert list(tmp_path.glob("run/wandb/offline-run-*/run-run_*.wandb"))
    complaint = capsys.readouterr().err
    assert complaint.startswith(
        f"physml: W&B failed (no network): the run is written to {tmp_path}/run/wandb; `wandb sy"
    )
    assert len(complaint.splitlines()) == 1


def test_runs_of_one_name_in_two_sweeps_are_two(tmp_path):
    found = {wandb_logger(str(tmp_path / sweep / "0_toy")).version for sweep in ("one", "other", "one")}
    assert len(found) == 2
