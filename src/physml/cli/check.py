"""``physml check``: prove a property."""

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from physml.cli.compose import compose_config
from physml.cli.words import split_config_dir, unknown
from physml.runs.check import problems
from physml.runs.errors import CheckError, ConfigError


def main(arguments: list[str]) -> None:
    """Run the check that the first argument names.

    Raises:
        ValueError: There is no such check.
        ConfigError: The config has problems, where another check is asked for.
        CheckError: The property does not hold.
    """
    name, *overrides = arguments or [""]
    checks = {
        "config": check_config,
        "residual": check_residual,
        "resume": check_resume,
        "cluster": check_cluster,
    }
    if name not in checks:
        raise ValueError(f"check {name!r}: {unknown(name, tuple(checks))}, as in: physml check config experiment=NAME")
    checks[name](overrides)


def check_config(arguments: list[str]) -> None:
    """Compose the config of a training and compare each component with the signature of its class; build nothing."""
    overrides, config_dir = split_config_dir(arguments)
    config = compose_config("train", overrides, config_dir)
    if wrong := problems(config):
        raise CheckError("\n".join(wrong))
    print(f"ok: {config['name']}: every key is known, every argument is there, every type fits")


def check_residual(arguments: list[str]) -> None:
    """Put what obeys the laws of an experiment into each of them, and what is perturbed; train nothing."""
    overrides, config_dir = split_config_dir(arguments)
    config = compose_config("train", overrides, config_dir)
    if wrong := problems(config):
        raise ConfigError(wrong)
    from physml.runs.residual import findings  # takes seconds: after the words have been checked

    found = findings(config)
    for finding in found:
        if finding.holds is not False:
            print(finding)
    if not found:
        print(f"{config['name']}: it has neither constraints nor hard conditions, so there is nothing to judge")
    if broken := [str(finding) for finding in found if finding.holds is False]:
        raise CheckError("\n".join(broken))


def check_resume(arguments: list[str]) -> None:
    """Train an experiment briefly, and again with the process killed ``kills=N`` times; compare what both leave."""
    words = [word for word in arguments if not word.startswith("kills=")]
    kills = next((word.partition("=")[2] for word in arguments if word.startswith("kills=")), "5")
    if not kills.isdigit() or not int(kills):
        raise ValueError(f"kills={kills}: expected a positive whole number")
    overrides, config_dir = split_config_dir(words)
    config = compose_config("train", overrides, config_dir)
    if wrong := problems(config):
        raise ConfigError(wrong)
    from physml.runs.interruption import killed_and_whole  # takes seconds: after the words have been checked

    with TemporaryDirectory(prefix="physml_resume_") as folder:
        unlike = killed_and_whole(words, Path(folder), int(kills), tell=partial(print, flush=True))
    if unlike:
        raise CheckError("\n".join([*unlike[:20], *([f"and {len(unlike) - 20} more"] if len(unlike) > 20 else [])]))
    print(f"ok: {config['name']}: killed and resumed, it ends in the same checkpoints, log and results, bit by bit")


def check_cluster(arguments: list[str]) -> None:
    """Look at the machine: devices, processes, data, checkpoints, signals, W&B, SLURM; a line for each."""
    overrides, config_dir = split_config_dir(arguments)
    config = compose_config("train", overrides, config_dir)
    if wrong := problems(config):
        raise ConfigError(wrong)
    from physml.runs.cluster import findings  # takes seconds: after the words have been checked

    broken = []
    for finding in findings(config, arguments):
        print(finding, flush=True)
        broken += [] if finding.ok else [finding.name]
    if broken:
        raise CheckError(f"not ready: {', '.join(broken)}")
