"""What can go wrong, by whose fault: it decides the exit code."""


class ConfigError(ValueError):
    """What is wrong with a config, one line each; the user's input is wrong: exit code 2."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))


class CheckError(Exception):
    """What a check found, one line each: exit code 1."""


class TrainingError(RuntimeError):
    """A training that began well and then failed: exit code 1."""


class NotJudged(Exception):  # noqa: N818 - no error: a check says it and goes on
    """Why a check cannot judge something."""
