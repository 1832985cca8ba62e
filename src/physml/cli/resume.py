"""``physml train run=DIR``: go on with a run that ended before its time."""

import sys
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from physml.cli.compose import plain
from physml.cli.words import take_force
from physml.runs.check import problems
from physml.runs.errors import ConfigError
from physml.runs.resume import (
    TRUSTED_TO_TRAIN,
    finished,
    read_run,
    refuse_changes,
    refuse_moved,
    refuse_other_places,
)


def main(arguments: list[str]) -> None:
    """Train on in a run directory, with its own config.

    Words ``key=value`` change the config; that is shown, and refused unless ``--force`` is among the words.

    Raises:
        ValueError: There is no such run, or it cannot go on.
        PermissionError: The run names what is not to be trusted.
        ConfigError: The config would change, or has problems.
    """
    words, force = take_force(arguments)
    sys.argv = [str(Path(__file__).resolve()), *arguments]  # for the other processes of a DDP run
    found = {key: value for key, _, value in (word.partition("=") for word in words) if key in ("run", "allow")}
    changes = [word for word in words if word.partition("=")[0] not in found]
    directory = Path(found["run"]).absolute()
    config = read_run(directory)
    refuse_moved(config, directory)
    from physml.runs.build import refuse_untrusted  # takes seconds: after the words have been checked

    trusted = (*TRUSTED_TO_TRAIN, *_listed(found.get("allow", "")))
    refuse_untrusted(config, trusted)  # before an interpolation of a stranger could be resolved
    settings = _changed(config, changes)
    if not force:
        refuse_changes(config, settings)
    if finished(directory) and settings == config:
        print(f"{directory} is finished: physml eval run={directory} tests it again")
        return
    from physml.runs.directory import refuse_links_outside

    refuse_links_outside(directory)
    refuse_untrusted(settings, trusted)
    refuse_other_places(settings, directory)
    if wrong := problems(settings):
        raise ConfigError(wrong)
    from physml.runs.train import train

    train(settings, words, resume=True)


def _changed(config: dict[str, Any], changes: list[str]) -> dict[str, Any]:
    """Return a config with some words ``key=value`` applied; a key that is not there takes a ``+``."""
    changed = OmegaConf.create(config)
    OmegaConf.set_struct(changed, True)
    for word in changes:
        key, equals, _ = word.partition("=")
        if not equals:
            raise ValueError(f"{word!r}: expected key=value, as in: physml train run=DIR trainer.max_epochs=20 --force")
        value = OmegaConf.select(OmegaConf.from_dotlist([word.lstrip("+")]), key.lstrip("+"))
        OmegaConf.update(changed, key.lstrip("+"), value, merge=False, force_add=key.startswith("+"))
    return plain(changed)


def _listed(text: str) -> list[str]:
    return [word for word in text.strip("[]").split(",") if word]


if __name__ == "__main__":
    from physml.cli.main import run

    run(main, sys.argv[1:], debug=False)
