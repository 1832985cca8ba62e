"""``physml eval``: test a finished run again."""

from physml.cli.compose import complete, compose_config
from physml.cli.words import split_config_dir
from physml.runs.checkpoint import find_checkpoint


def main(arguments: list[str]) -> None:
    """Test a run with its own data and best checkpoint, as the words of the command line change them.

    Raises:
        FileNotFoundError: There is no such run.
    """
    words, config_dir = split_config_dir(arguments)
    # Which keys the data have is known only when the run has been read; it is checked then.
    overrides = [f"++{word}" if word.startswith("data.") else word for word in words]
    settings = complete(compose_config("eval", overrides, config_dir))
    find_checkpoint(settings["run"])
    from physml.runs.evaluate import evaluate  # takes seconds: after the words have been checked

    evaluate(settings)
