import pytest

from physml.cli.list import KINDS
from physml.runs.configs import config_directory


def entries(text):
    """The printed lines by kind and name."""
    found = {}
    for line in text.splitlines():
        if line.endswith(":") and not line.startswith(" "):
            found[line[:-1]] = current = {}
        else:
            name, _, description = line.strip().partition(" ")
            current[name] = description.strip()
    return found


def test_everything_is_listed_with_a_description(command):
    found = entries(command("list").out)
    assert list(found) == list(KINDS)
    for kind, group in KINDS.items():
        folder = config_directory() / group
        names = {path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.yaml")}
        assert found[kind].keys() == names
        assert all(found[kind].values()), f"a {group} without a comment"


def test_one_kind(command):
    assert list(entries(command("list", "networks").out)) == ["networks"]


def test_own_configs_are_listed_too(command, tmp_path):
    (tmp_path / "mine" / "network").mkdir(parents=True)
    (tmp_path / "mine" / "network" / "tiny.yaml").write_text("# @package task.network\n# A tiny one.\n_target_: a.B\n")
    found = entries(command("list", "networks", "--config-dir", "mine").out)["networks"]
    assert found["tiny"] == "A tiny one."
    assert "mlp" in found


@pytest.mark.parametrize("word", ["network", "experiment"])
def test_an_unknown_kind(command, word):
    done = command("list", word)
    assert done.code == 2
    assert done.complaint.startswith(f"'{word}': unknown (did you mean '{word}s'?); there are experiments, networks")
