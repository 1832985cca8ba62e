import json
import shutil

import pytest


def test_an_evaluation_by_the_command_line(command, toy_run, tmp_path):
    run = shutil.copytree(toy_run, tmp_path / "copy")
    done = command("eval", f"run={run}")
    assert done.code == 0, done.err
    assert "accuracy" in done.out
    folder = next((run / "evaluations").iterdir())
    assert done.out.strip().endswith(str(folder))
    results = json.loads((folder / "results.json").read_text())
    assert results["metrics"] == json.loads((run / "results.json").read_text())["metrics"]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([], "run=… is missing"),
        (["run=nowhere"], "nowhere: no such run directory or checkpoint"),
        (["rn=a"], "no key or config group 'rn' (did you mean 'run'?); there are allow, data, run, trainer"),
        (["run=a", "trainer=gpuu"], "no trainer 'gpuu' (did you mean 'gpu'?)"),
        (["run=a", "+trainer.acelerator=cpu"], "a: no such run"),
    ],
)
def test_mistakes(command, words, line):
    done = command("eval", *words)
    assert done.code == 2
    assert done.complaint.startswith(line)


def test_the_data_are_changed_without_a_plus(command, toy_run, toy_file, tmp_path):
    run = shutil.copytree(toy_run, tmp_path / "copy")
    done = command("eval", f"run={run}", "data.batch_size=3")
    assert done.code == 0, done.err
    done = command("eval", f"run={run}", "data.sed=5")
    assert done.code == 2
    assert done.complaint.startswith("data.sed: FileDataModule takes no 'sed' (did you mean 'seed'?)")


def test_a_misspelt_argument_of_the_trainer(command, toy_run):
    done = command("eval", f"run={toy_run}", "+trainer.acelerator=cpu")
    assert done.code == 2
    assert done.complaint.startswith("trainer.acelerator: Trainer takes no 'acelerator' (did you mean 'accelerator'?)")
    assert not (toy_run / "evaluations").exists()
