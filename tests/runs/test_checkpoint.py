import pytest
import yaml

from physml.runs.checkpoint import find_checkpoint, read_config

CONFIG = {"name": "toy", "seed": 3}


@pytest.fixture
def run(tmp_path):
    directory = tmp_path / "runs" / "toy" / "1"
    (directory / "checkpoints").mkdir(parents=True)
    (directory / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    return directory


def test_the_best_checkpoint_comes_before_the_last(run):
    with pytest.raises(FileNotFoundError, match=r"no checkpoints/best\.ckpt or last\.ckpt in it: expected"):
        find_checkpoint(run)
    for name in ("last.ckpt", "best.ckpt"):
        (run / "checkpoints" / name).touch()
        assert find_checkpoint(run) == run / "checkpoints" / name
    assert find_checkpoint(str(run / "checkpoints" / "last.ckpt")).name == "last.ckpt"
    with pytest.raises(FileNotFoundError, match="no such run directory or checkpoint"):
        find_checkpoint(run / "other")


def test_the_config_of_a_checkpoint_is_that_of_its_run(run, tmp_path):
    assert read_config(run / "checkpoints" / "best.ckpt") == CONFIG
    (tmp_path / "alone").mkdir()
    assert read_config(tmp_path / "alone" / "best.ckpt") is None
    assert read_config(run / "other_folder" / "best.ckpt") is None


@pytest.mark.parametrize("text", ["a: [1", "!!python/object/apply:os.getcwd []"])
def test_a_config_that_is_no_plain_yaml(run, text):
    (run / "config.yaml").write_text(text)
    with pytest.raises(ValueError, match=r"config\.yaml: not a plain YAML file"):
        read_config(run / "checkpoints" / "best.ckpt")
