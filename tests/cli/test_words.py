import pytest

from physml.cli.words import key_values, split_config_dir, unknown


@pytest.mark.parametrize("flag", ["--config-dir", "-cd"])
def test_the_folder_of_own_configs_is_taken_out(tmp_path, flag):
    expected = (["a=1", "-m", "b=2"], str(tmp_path))
    assert split_config_dir(["a=1", flag, str(tmp_path), "-m", "b=2"]) == expected
    assert split_config_dir(["a=1", f"{flag}={tmp_path}", "-m", "b=2"]) == expected


def test_no_folder(tmp_path):
    assert split_config_dir(["a=1"]) == (["a=1"], None)
    with pytest.raises(ValueError, match="no such folder: --config-dir expects the folder of your own configs"):
        split_config_dir(["--config-dir", str(tmp_path / "none")])


def test_a_relative_folder_becomes_absolute(tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    assert split_config_dir(["--config-dir", "mine"]) == ([], str(tmp_path / "mine"))


def test_key_values():
    assert key_values(["run=a=b", "more=1"], ("run",), ("more",)) == {"run": "a=b", "more": "1"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["rn=a"], r"'rn=a': unknown .*there are run, input, more"),
        (["run"], "'run': unknown"),
        (["more=1"], r"run=…, input=… is missing: expected run=… input=… \[more=…\]"),
        (["run=", "input=x"], "run=… is missing"),
    ],
)
def test_words_that_do_not_fit(words, message):
    with pytest.raises(ValueError, match=message):
        key_values(words, ("run", "input"), ("more",))


def test_the_nearest_word():
    assert unknown("trian", ("train", "list")) == "unknown (did you mean 'train'?); there are train, list"
    assert unknown("zzz", ("train", "list")) == "unknown; there are train, list"
