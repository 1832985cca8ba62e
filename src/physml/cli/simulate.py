"""``physml simulate``: samples or a reference solution of a physical system."""

from physml.cli.compose import complete, compose_config
from physml.cli.words import split_config_dir


def main(arguments: list[str]) -> None:
    """Write the arrays of the system that the words of the command line name to a file.

    Raises:
        ConfigError: The system has no such parameter, or the number of events is no positive number.
        FileExistsError: The file is there already.
    """
    overrides, config_dir = split_config_dir(arguments)
    settings = complete(compose_config("simulate", overrides, config_dir))
    from physml.runs.simulate import simulate  # takes seconds: after the words have been checked

    simulate(settings)
