"""The search by W&B, without its server: the words that its agent passes, and the run that they make."""

from pathlib import Path

import pytest
import yaml
from wandb.sdk.launch.sweeps.utils import create_sweep_command, create_sweep_command_args

from physml.cli.compose import compose_config
from physml.runs.check import problems

SWEEP = yaml.safe_load((Path(__file__).parents[2] / "scripts" / "wandb_sweep.yaml").read_text())


def words(**chosen):
    """The command line that an agent makes of the values which the server has chosen."""
    given = {key: {"value": value} for key, value in chosen.items()}
    parts = create_sweep_command_args({"args": given}) | {"env": ["/usr/bin/env"]}
    command = []
    for part in create_sweep_command(list(SWEEP["command"])):
        command += parts[part[2:-1]] if part.startswith("${") else [part]
    return command


def first_values():
    """Of each parameter a value that the server may choose."""
    return {
        key: each["value"] if "value" in each else each["values"][0] if "values" in each else each["min"]
        for key, each in SWEEP["parameters"].items()
    }


def test_the_words_of_an_agent_compose():
    env, program, command, *rest = words(**first_values())
    assert (env, program, command) == ("/usr/bin/env", "physml", "train")
    config = compose_config("train", rest)
    assert problems(config) == []
    assert config["name"] == "moons_flow"
    assert config["task"]["optimizer"]["lr"] == 1e-4
    assert config["data"]["batch_size"] == 128
    assert SWEEP["metric"] == {"name": config["monitor"]["name"], "goal": f"{config['monitor']['mode']}imize"}


@pytest.mark.parametrize(
    ("value", "read"),
    [(3.162277660168379e-05, 3.162277660168379e-05), (True, True), ([64, 64], [64, 64]), (7, 7)],
)
def test_values_of_all_kinds_arrive(value, read):
    *_, word = words(**{"+task.network.hidden": value})
    config = compose_config("train", ["experiment=none", "network=mlp", word])
    assert config["task"]["network"]["hidden"] == read
    assert type(config["task"]["network"]["hidden"]) is type(read)


def test_a_training_is_the_run_of_the_agent(process, toy, tmp_path):
    (tmp_path / "given.yaml").write_text("wandb_version: 1\nseed: {desc: null, value: 5}\n")
    agent = {"WANDB_SWEEP_ID": "s1", "WANDB_RUN_ID": "r1", "WANDB_SWEEP_PARAM_PATH": str(tmp_path / "given.yaml")}
    _, _, *rest = words(seed=5)
    done = process(*rest, *toy, "trainer=smoke", "logger=[csv,wandb]", folder=tmp_path, **agent)
    assert (done.code, done.err) == (0, "")
    assert yaml.safe_load((done.run_dir / "config.yaml").read_text())["seed"] == 5
    assert list(done.run_dir.glob("wandb/offline-run-*/run-r1.wandb"))
