import re

import pytest

from physml.cli.failures import explain
from physml.runs.errors import CheckError, ConfigError, TrainingError


@pytest.mark.parametrize(
    ("error", "line", "code"),
    [
        (ConfigError(["a: wrong", "b: wrong"]), "a: wrong\nb: wrong", 2),
        (CheckError("a: wrong"), "a: wrong", 1),
        (TrainingError("training failed: NaN"), "training failed: NaN", 1),
        (ValueError("two\n  lines"), "two lines", 2),
        (ValueError(), "ValueError", 2),
        (FileNotFoundError("a.npz: no such file"), "a.npz: no such file", 2),
        (PermissionError(13, "Permission denied", "/x"), "/x: Permission denied: choose another place or mend its", 2),
        (ModuleNotFoundError("the package 'x' is not installed"), "the package 'x' is not installed", 2),
        (FloatingPointError("not finite: raise substeps"), "not finite: raise substeps", 2),
        (AssertionError("odd"), "AssertionError: odd (unexpected: --debug shows the traceback)", 1),
    ],
)
def test_a_failure_is_one_line_and_a_code(error, line, code):
    found = explain(error)
    assert found[0].startswith(line)
    assert found[1] == code


def test_a_long_list_of_choices_is_cut_and_says_so(command):
    done = command("train", "experiment=galaxy_cn")
    assert done.code == 2
    assert "(did you mean 'galaxy_cnn'?)" in done.complaint
    assert re.search(r", … \(\d\d in all: see physml list\)$", done.complaint)


@pytest.mark.parametrize("word", ["data.fold.number=1", "data.fold.of=3"])
def test_a_fold_without_folds_is_told_what_sets_them(command, word):
    key = word.partition("=")[0]
    assert command("train", "experiment=moons_flow", word).complaint == (
        f"no key {key!r}, as 'data.fold' is not set in this config: sweep=folds sets it, and trains one fold alone if "
        "data.fold.number=… is added"
    )


def test_a_key_below_an_argument_that_is_not_set(command):
    assert command("train", "experiment=moons_flow", "trainer.plugins.x=1").complaint == (
        "no key 'trainer.plugins.x', as 'trainer.plugins' is not set in this config: "
        "write '+trainer.plugins={_target_: …}' to add it"
    )


@pytest.mark.parametrize("words", [["data=file"], ["data=stream", "data.path=a.h5"]])
def test_a_value_that_others_refer_to_is_missing(command, words):
    line = "data.in_shape: needs a value: add data.in_shape=…"
    assert command("train", *words).complaint == line
    assert command("train", "sweep=folds", *words).complaint == line
