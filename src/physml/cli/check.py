"""``physml check``: prove a property."""

from physml.cli.compose import compose_config
from physml.cli.words import split_config_dir, unknown
from physml.runs.check import problems
from physml.runs.errors import CheckError

CHECKS = ("config",)


def main(arguments: list[str]) -> None:
    """Run the check that the first argument names.

    Raises:
        ValueError: There is no such check.
        CheckError: The config has problems.
    """
    name, *overrides = arguments or [""]
    if name not in CHECKS:
        raise ValueError(f"check {name!r}: {unknown(name, CHECKS)}, as in: physml check config experiment=NAME")
    check_config(overrides)


def check_config(arguments: list[str]) -> None:
    """Compose the config of a training and compare each component with the signature of its class; build nothing."""
    overrides, config_dir = split_config_dir(arguments)
    config = compose_config("train", overrides, config_dir)
    if wrong := problems(config):
        raise CheckError("\n".join(wrong))
    print(f"ok: {config['name']}: every key is known, every argument is there, every type fits")
