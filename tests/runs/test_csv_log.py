from pathlib import Path

import pytest

from physml.runs.csv_log import CSVLog


def lines(log):
    return log.path.read_text().splitlines()


def test_rows_are_in_the_file_at_once_and_new_columns_join_them(tmp_path):
    log = CSVLog(str(tmp_path))
    log.log_metrics({"train/J": 0.5}, 0)
    assert lines(log) == ["step,train/J", "0,0.5"]
    log.log_metrics({"val/J": 0.25, "epoch": 0}, 0)
    log.log_metrics({"train/J": 0.125}, 1)
    assert lines(log) == ["epoch,step,train/J,val/J", ",0,0.5,", "0.0,0,,0.25", ",1,0.125,"]


def test_a_resumed_training_logs_on_where_it_stopped(tmp_path):
    log = CSVLog(str(tmp_path))
    for step in range(4):
        log.log_metrics({"train/J": step / 4}, step)
    log.log_metrics({"val/J": 9.0}, 3)
    whole = lines(log)

    log = CSVLog(str(tmp_path))
    log.resume(3)
    assert lines(log) == whole[:4]
    log.log_metrics({"train/J": 0.5}, 2)  # it is there already
    log.log_metrics({"train/J": 0.75}, 3)
    log.log_metrics({"val/J": 9.0}, 3)
    assert lines(log) == whole
    log.resume(0)
    assert not log.path.exists()


def test_a_row_that_was_cut_off_is_dropped(tmp_path):
    log = CSVLog(str(tmp_path))
    for step in range(3):
        log.log_metrics({"train/J": step / 4}, step)
    log.path.write_text(log.path.read_text()[:-5])
    assert lines(log)[-1] == "2"
    log = CSVLog(str(tmp_path))
    log.resume(10)
    assert lines(log) == ["step,train/J", "0,0.0", "1,0.25"]


def test_a_folder_that_is_gone_is_not_made_again(tmp_path):
    log = CSVLog(str(tmp_path / "gone"))
    with pytest.raises(FileNotFoundError, match=r"gone/metrics\.csv'$"):
        log.log_metrics({"train/J": 0.5}, 0)
    assert not (tmp_path / "gone").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_row_for_which_there_is_no_room(tmp_path):
    log = CSVLog(str(tmp_path))
    log.log_metrics({"train/J": 0.5}, 0)
    log.path.unlink()
    log.path.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left on device") as caught:
        log.log_metrics({"train/J": 0.25}, 1)
    assert caught.value.filename == str(log.path)
