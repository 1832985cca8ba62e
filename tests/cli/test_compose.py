import pytest

from physml.cli.compose import complete, compose_config


def test_the_default_is_the_first_experiment():
    config = compose_config("train", [])
    assert config["name"] == "shower_gravnet"
    assert list(config["logger"]) == ["csv", "wandb"]


def test_the_command_line_wins_over_the_experiment_and_the_experiment_over_the_groups():
    config = compose_config("train", ["experiment=galaxy_cnn", "network=mlp", "task.optimizer.lr=0.5"])
    assert config["name"] == "galaxy_cnn"
    assert config["task"]["network"]["_target_"].endswith("MLP")
    assert config["task"]["network"]["in_shape"] == config["data"]["in_shape"]
    assert config["task"]["optimizer"]["lr"] == 0.5


def test_a_constraint_is_added_edited_and_removed_by_its_key():
    words = [
        "experiment=none",
        "network=mlp",
        "+constraint@task.constraints.a=bounds",
        "task.constraints.a.weight=0.5",
    ]
    assert compose_config("train", words)["task"]["constraints"]["a"]["weight"] == 0.5
    assert compose_config("train", [*words, "~task.constraints.a"])["task"]["constraints"] == {}


def test_own_configs_come_in_beside_ours(tmp_path):
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text(
        "# @package _global_\ndefaults:\n  - override /network: mlp\nname: mine\n"
    )
    config = compose_config("train", ["experiment=mine"], str(tmp_path))
    assert config["name"] == "mine"
    assert config["task"]["network"]["_target_"] == "physml.networks.mlp.MLP"


def test_everything_has_a_value():
    assert complete({"run": "a"}) == {"run": "a"}
    with pytest.raises(ValueError, match=r"run=…, output=… is missing: add it to the command"):
        complete({"run": "???", "output": "???", "data": {}})
