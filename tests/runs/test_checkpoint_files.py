import errno
import json
import shutil

import pytest
import torch

from physml.runs import checkpoint_files, files
from physml.runs.checkpoint_files import CheckpointFiles, remove_half_written, verify


def write(folder, *values, name="last.ckpt"):
    for value in values:
        CheckpointFiles().save_checkpoint({"state_dict": {"w": torch.tensor(float(value))}}, folder / name)


def read(path):
    return float(CheckpointFiles().load_checkpoint(path)["state_dict"]["w"])


def test_the_one_before_stays(tmp_path):
    write(tmp_path / "checkpoints", 1, 2, 3)
    folder = tmp_path / "checkpoints"
    assert sorted(path.name for path in folder.iterdir()) == ["before_last.ckpt", "last.ckpt", "sha256.json"]
    assert (read(folder / "last.ckpt"), read(folder / "before_last.ckpt")) == (3, 2)
    write(folder, 4, 5, name="best.ckpt")
    assert (read(folder / "best.ckpt"), read(folder / "before_last.ckpt")) == (5, 2)


@pytest.mark.parametrize("damage", ["cut", "changed"])
def test_a_damaged_file_is_found(tmp_path, damage):
    write(tmp_path, 1)
    path = tmp_path / "last.ckpt"
    data = bytearray(path.read_bytes())
    place = data.index(torch.tensor(1.0).numpy().tobytes())
    data[place] ^= 1
    path.write_bytes(path.read_bytes()[:-10] if damage == "cut" else data)
    with pytest.raises(ValueError, match=r"last.ckpt: its SHA-256 is .*…, expected .*: it is truncated or was changed"):
        read(path)


def test_a_file_without_a_hash_is_let_pass(tmp_path):
    write(tmp_path, 1)
    (tmp_path / "sha256.json").unlink()
    assert read(tmp_path / "last.ckpt") == 1
    verify(tmp_path / "none.ckpt")


@pytest.mark.parametrize("moment", ["hashes", "file"])
def test_a_full_disk_leaves_the_old_ones_as_they_were(tmp_path, monkeypatch, moment):
    write(tmp_path, 1, 2)

    def full(path, *_, **__):
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(checkpoint_files, "write_text" if moment == "hashes" else "write_whole", full)
    for value in (3, 4, 5, 6, 7):
        with pytest.raises(OSError, match="No space left"):
            write(tmp_path, value)
    monkeypatch.undo()
    assert read(tmp_path / "last.ckpt") == 2
    assert read(tmp_path / "before_last.ckpt") == (1 if moment == "hashes" else 2)
    write(tmp_path, 4)
    assert (read(tmp_path / "last.ckpt"), read(tmp_path / "before_last.ckpt")) == (4, 2)


def test_a_process_killed_before_the_renaming_leaves_a_file_that_fits(tmp_path, monkeypatch):
    write(tmp_path, 1)
    monkeypatch.setattr(files.os, "replace", lambda temporary, path: None)  # as if the process were gone by then
    write(tmp_path, 2)
    monkeypatch.undo()
    assert read(tmp_path / "last.ckpt") == 1


def test_where_files_have_one_name_only_the_one_before_is_a_copy(tmp_path, monkeypatch):
    def no_links(*_):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(checkpoint_files.os, "link", no_links)
    write(tmp_path, 1, 2)
    assert (read(tmp_path / "last.ckpt"), read(tmp_path / "before_last.ckpt")) == (2, 1)


def test_no_pickle_is_executed(tmp_path):
    torch.save({"state_dict": {}, "evil": print}, tmp_path / "last.ckpt")
    with pytest.raises(Exception, match="Weights only load failed"):
        CheckpointFiles().load_checkpoint(tmp_path / "last.ckpt", weights_only=False)


def test_hashes_that_are_no_json_count_as_none(tmp_path):
    write(tmp_path, 1)
    (tmp_path / "sha256.json").write_text("[1")
    assert read(tmp_path / "last.ckpt") == 1
    write(tmp_path, 2)
    assert len(json.loads((tmp_path / "sha256.json").read_text())["last.ckpt"]) == 1


def test_a_run_directory_that_is_gone_is_not_made_again(tmp_path):
    home = tmp_path / "run"
    home.mkdir()
    writer = CheckpointFiles(home)
    writer.save_checkpoint({}, home / "checkpoints" / "last.ckpt")
    shutil.rmtree(home)
    with pytest.raises(FileNotFoundError, match=r"run'$"):
        writer.save_checkpoint({}, home / "checkpoints" / "last.ckpt")
    assert not home.exists()


def test_only_what_is_half_written_is_removed(tmp_path):
    for name in (".last.ckpt.x1", ".sha256.json.x2", ".mine", "last.ckpt"):
        (tmp_path / name).touch()
    (tmp_path / ".ipynb_checkpoints").mkdir()
    remove_half_written(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {".mine", ".ipynb_checkpoints", "last.ckpt"}
