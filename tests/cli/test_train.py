import pytest
import yaml

from physml.cli.train import _in_order


def test_a_training_by_the_command_line(command, toy):
    done = command("train", *toy, "trainer.max_epochs=1")
    assert done.code == 0, done.err
    assert done.err == ""
    assert "accuracy" in done.out
    assert done.run_dir.parent.name == "toy"
    assert yaml.safe_load((done.run_dir / "overrides.yaml").read_text()) == [*toy, "trainer.max_epochs=1"]


def test_runs_have_their_own_folders(command, toy, tmp_path):
    words = [*toy, "trainer=smoke"]
    first, second = command("train", *words).run_dir, command("train", *words).run_dir
    assert first != second
    assert len(list((tmp_path / "runs" / "toy").iterdir())) == 2


def test_the_place_of_runs_comes_from_the_environment(command, toy, tmp_path):
    done = command("train", *toy, "trainer=smoke", PHYSML_RUNS=str(tmp_path / "elsewhere"))
    assert done.run_dir.parent == tmp_path / "elsewhere" / "toy"


def test_flags_may_stand_anywhere(tmp_path):
    folder = str(tmp_path)
    expected = ["--config-dir", folder, "-m", "a=1", "b=2"]
    assert _in_order(["a=1", "--config-dir", folder, "b=2", "-m"]) == expected
    assert _in_order(["-m", f"--config-dir={folder}", "a=1", "b=2"]) == expected
    assert _in_order(["--cfg", "job", "a=1"]) == ["--cfg", "job", "a=1"]
    with pytest.raises(ValueError, match=r"'--multi-run': unknown \(did you mean '--multirun'\?\)"):
        _in_order(["--multi-run"])


def test_hydra_shows_the_config(command, toy):
    done = command("train", *toy, "--cfg", "job")
    assert done.code == 0
    assert yaml.safe_load(done.out)["name"] == "toy"


def test_a_misspelt_study_is_told_apart_by_its_whole_name(command):
    done = command("train", "experiment=paper/qasim2019_gravnett")
    assert done.complaint.startswith(
        "no experiment 'paper/qasim2019_gravnett' (did you mean 'paper/qasim2019_gravnet'?); there are burgers_soft"
    )
