import errno
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from physml.runs.files import refuse_existing, write_arrays, write_text, write_whole


def test_text_and_arrays(tmp_path):
    write_text(tmp_path / "a.txt", "γ\n")
    assert (tmp_path / "a.txt").read_text() == "γ\n"
    write_arrays(tmp_path / "a.npz", {"x": np.arange(3), "y": np.ones((2, 2))})
    with np.load(tmp_path / "a.npz") as archive:
        assert archive["x"].tolist() == [0, 1, 2]
        assert sorted(archive.files) == ["x", "y"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npz", "a.txt"]


def test_an_interrupted_writer_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "results.json"
    path.write_text("old")

    def half(file):
        file.write(b"new")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(path, half)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_appears_only_when_it_is_whole(tmp_path):
    path = tmp_path / "results.json"
    write_whole(path, lambda file: (file.write(b"all") and not path.exists()) or pytest.fail("there too early"))
    assert path.read_text() == "all"


def test_an_old_file_is_replaced_with_the_usual_permissions(tmp_path):
    (tmp_path / "usual").touch()
    write_text(tmp_path / "a", "1")
    write_text(tmp_path / "a", "2")
    assert (tmp_path / "a").read_text() == "2"
    assert os.stat(tmp_path / "a").st_mode == os.stat(tmp_path / "usual").st_mode


def test_an_output_must_be_new_and_its_folder_there(tmp_path):
    path = tmp_path / "a.npz"
    assert refuse_existing(path) is path
    with pytest.raises(FileNotFoundError, match=r"its folder .*none does not exist: make it first"):
        refuse_existing(tmp_path / "none" / "a.npz")
    path.touch()
    with pytest.raises(FileExistsError, match="is there already: choose another output"):
        refuse_existing(path)


def test_a_relative_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_text(refuse_existing(Path("a")), "1")
    assert (tmp_path / "a").read_text() == "1"


def test_a_failed_write_names_the_file_and_a_full_disk_what_was_wanted(tmp_path):
    def full(file):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match=r"No space left on device for 1\.5 MiB") as caught:
        write_whole(tmp_path / "a", full, size=3 * 2**19)
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(tmp_path / "a"))
    with pytest.raises(FileNotFoundError) as caught:
        write_text(tmp_path / "gone" / "a", "1")
    assert (caught.value.strerror, caught.value.filename) == ("No such file or directory", f"{tmp_path}/gone/a")


def test_the_words_of_a_library_stay(tmp_path):
    def refuse(file):
        raise OSError("this file is no file of mine")

    with pytest.raises(OSError, match=r"^this file is no file of mine$"):
        write_whole(tmp_path / "a", refuse)


def test_a_folder_that_vanishes_meanwhile(tmp_path):
    (tmp_path / "run").mkdir()
    with pytest.raises(FileNotFoundError, match=r"run/a'$"):
        write_whole(tmp_path / "run" / "a", lambda file: shutil.rmtree(tmp_path / "run"))
