"""Going on with a run that ended before its time."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from physml.runs.errors import ConfigError

# What a run directory may name besides the parts of a task, so that its training goes on: none of them starts a process
# or loads a pickle. Where they write is looked at apart.
TRUSTED_TO_TRAIN = (
    "lightning.pytorch.Trainer",
    "lightning.pytorch.trainer",
    "lightning.pytorch.callbacks.ModelCheckpoint",
    "lightning.pytorch.callbacks.model_checkpoint",
    "lightning.pytorch.callbacks.LearningRateMonitor",
    "lightning.pytorch.callbacks.lr_monitor",
    "lightning.pytorch.callbacks.EMAWeightAveraging",
    "lightning.pytorch.callbacks.weight_averaging",
    "lightning.pytorch.callbacks.EarlyStopping",
    "lightning.pytorch.callbacks.early_stopping",
    "lightning.pytorch.loggers.TensorBoardLogger",
    "lightning.pytorch.loggers.tensorboard",
    "lightning.pytorch.strategies",
    "lightning.pytorch.profilers",
    "physml.callbacks",
    "physml.runs.csv_log",
)


# Arguments that name a place to write to; whether it is one in another folder.
_PLACES = dict.fromkeys(("directory", "dirpath", "save_dir", "log_dir", "root_dir"), False)
_PLACES |= dict.fromkeys(("filename", "name", "version", "sub_dir"), True)


def checkpoint_to_resume(directory: Path) -> tuple[Path, dict[str, Any]] | None:
    """Return the last checkpoint of a run that is as it was written, and its contents; None if none was written yet.

    Raises:
        ValueError: There are some, but none can be used.
    """
    from physml.runs.checkpoint_files import BEFORE  # with torch, which takes seconds: when it is needed
    from physml.runs.load import read_checkpoint

    refused = []
    for name in ("last.ckpt", BEFORE):
        path = directory / "checkpoints" / name
        if not path.is_file():
            continue
        try:
            state = read_checkpoint(path)
        except ValueError as error:
            refused.append(str(error))
            continue
        if refused:
            print(f"physml: {refused[0]}: the one before it is used", file=sys.stderr)
        return path, state
    if refused:
        raise ValueError(refused[0])
    return None


def steps_logged(state: Mapping[str, Any]) -> int:
    """Return how many steps of the log the training of a checkpoint had taken."""
    loop = state["loops"]["fit_loop"]
    batches = loop["epoch_loop.batch_progress"]["current"]
    # Within an epoch Lightning saves before it has counted the step.
    return loop["epoch_loop.state_dict"]["_batches_that_stepped"] + (batches["completed"] < batches["processed"])


def finished(directory: Path) -> bool:
    """Whether a run has come to its end."""
    return (directory / "results.json").is_file()


def refuse_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Compare the config of a run with that of the training that is to go on.

    Raises:
        ConfigError: They differ; a line for each difference.
    """
    if changed := list(_differences(old, new)):
        raise ConfigError([*changed, "the run was begun with another config: --force goes on with the new one"])


def _differences(old: Any, new: Any, path: str = "") -> Iterator[str]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from _differences(old.get(key, "nothing"), new.get(key, "nothing"), f"{path}.{key}".lstrip("."))
    elif old != new:
        yield f"{path}: {old} → {new}"


def refuse_moved(config: Mapping[str, Any], directory: Path) -> None:
    """Check that a run lies where it was begun: its checkpoints name the best of them by its path.

    Raises:
        FileNotFoundError: It does not.
    """
    begun = Path(str(config.get("run_dir")))
    if begun.resolve() != directory.resolve():
        raise FileNotFoundError(f"{directory}: this run was begun as {begun}: move it back there to resume it")


def refuse_other_places(config: Mapping[str, Any], directory: Path) -> None:
    """Check that callbacks, loggers and the profiler of a run write into its directory.

    Raises:
        PermissionError: One names another place.
    """
    writers = {group: config.get(group) or {} for group in ("callbacks", "logger")}
    writers["trainer"] = {"profiler": (config.get("trainer") or {}).get("profiler")}
    for group, parts in writers.items():
        for name, part in parts.items():
            if not isinstance(part, Mapping):
                continue
            if "_args_" in part:
                raise PermissionError(f"{group}.{name}: expected arguments by their names, got _args_: name them")
            for key, base in _PLACES.items():
                place = directory / str(part.get(key) or ".") if base else Path(str(part.get(key) or directory))
                if not place.resolve().is_relative_to(directory.resolve()):
                    raise PermissionError(
                        f"{group}.{name}.{key}: {place} lies outside the run directory {directory}: "
                        "a run that is resumed writes into its own"
                    )


def read_run(directory: Path) -> dict[str, Any]:
    """Return the config of a run directory as plain data.

    Raises:
        FileNotFoundError: It holds no run.
        ValueError: Its config is no plain YAML.
    """
    file = directory / "config.yaml"
    if not file.is_file():
        raise FileNotFoundError(f"{directory}: no config.yaml in it: expected the directory of a run")
    try:
        config = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(f"{file}: not a plain YAML file: {' '.join(str(error).split())}") from error
    if not isinstance(config, dict):
        raise ValueError(f"{file}: expected a config, got {type(config).__name__}: take the directory of a run")
    return config
