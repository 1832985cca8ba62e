"""``physml predict``: apply a finished run to a file."""

from pathlib import Path

from physml.cli.words import key_values
from physml.runs.checkpoint import find_checkpoint
from physml.runs.files import refuse_existing, write_arrays


def main(arguments: list[str]) -> None:
    """Write the predictions of a run for the events of a file to an ``.npz`` file.

    Raises:
        FileExistsError: The output is there already.
        FileNotFoundError: There is no such run.
        ValueError: The input does not fit the run, or the output is not to end in ``.npz``.
    """
    words = key_values(arguments, required=("run", "input", "output"), optional=("batch_size", "allow"))
    output = refuse_existing(Path(words["output"]))
    if output.suffix != ".npz":
        raise ValueError(f"{output}: the ending {output.suffix!r} tells no file of arrays: expected .npz")
    batch_size = words.get("batch_size", "1024")
    if not batch_size.isdigit() or int(batch_size) < 1:
        raise ValueError(f"batch_size={batch_size}: expected a positive whole number of events")
    find_checkpoint(words["run"])
    from physml.runs.load import load  # takes seconds: after the words have been checked
    from physml.runs.predict import predict

    allow = tuple(word for word in words.get("allow", "").strip("[]").split(",") if word)
    predictions = predict(load(words["run"], allow), words["input"], int(batch_size), allow)
    write_arrays(output, predictions)
    for name, array in predictions.items():
        print(f"{name:16}{array.dtype!s:12}{list(array.shape)}")
    print(f"written to {output}")
