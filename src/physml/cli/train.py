"""``physml train``: train, then test with the best checkpoint."""

import math
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, flag_override

from physml.cli import resume
from physml.cli.compose import plain, register
from physml.cli.failures import explain
from physml.cli.words import split_config_dir, take_force, unknown
from physml.runs.check import problems
from physml.runs.configs import config_directory
from physml.runs.errors import ConfigError
from physml.runs.resume import finished, read_run, refuse_changes

FLAGS = (
    "--config-dir",
    "--multirun",
    "-m",
    "--help",
    "-h",
    "--hydra-help",
    "--cfg",
    "-c",
    "--resolve",
    "--package",
    "-p",
)
FLAGS += ("--info", "-i", "--shell-completion", "-sc", "--experimental-rerun")


def main(arguments: list[str]) -> None:
    """Compose the config of a training, and run it or its sweep.

    Raises:
        ValueError: A flag is unknown, or there is no such folder of configs.
        Stopped: A signal asked the training to end.
        ConfigError: The config has problems.
        TrainingError: The training failed.
    """
    if any(word.startswith("run=") for word in arguments):
        resume.main(arguments)
        return
    register()
    # Failures are told by physml.cli.main, so Hydra must pass them on instead of printing them.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    sys.argv = [str(Path(__file__).resolve()), *_in_order(arguments)]  # where Hydra reads them
    failures: list[Exception] = []
    job = partial(_job, failures=failures)
    hydra.main(version_base="1.3", config_path=str(config_directory()), config_name="train")(job)()
    told = [explain(failure)[0] for failure in failures]
    for line in dict.fromkeys(line for line in told if line != told[0]):
        print(f"physml: {line}", file=sys.stderr)
    if failures:
        raise failures[0]


def _job(config: DictConfig, failures: list[Exception]) -> float | None:
    """Check the config, then train in the directory that Hydra made, which is removed again if it stays empty.

    A failure is noted instead of raised, so that the other trials of a sweep go on; NaN is returned then.
    """
    directory = Path(HydraConfig.get().runtime.output_dir)
    words, environment = list(HydraConfig.get().overrides.task), dict(os.environ)
    launcher = HydraConfig.get().runtime.choices["hydra/launcher"]
    # For the other processes of a DDP run, which are to run this trial and not the sweep again.
    sys.argv = [str(Path(__file__).resolve()), *_config_dir(split_config_dir(sys.argv)[1]), *words, "hydra.mode=RUN"]
    sys.modules["__main__"].__spec__ = None  # else Lightning would start the module that submitit has started
    with flag_override(HydraConfig.get(), "readonly", False):
        HydraConfig.get().run.dir = str(directory)  # where Lightning starts them
    try:
        config.run_dir = str(directory)
        settings = plain(config)
        if wrong := problems(settings):
            raise ConfigError(wrong)
        going_on = _goes_on(settings, directory)
        if going_on and finished(directory) and settings["resume"] == "auto":
            print(f"{directory} is finished")
            return None
        from physml.runs.train import train

        if launcher != "submitit_local" or "LOCAL_RANK" in os.environ:  # the latter holds what its parent holds
            return train(settings, words, going_on)
        from physml.runs.gpus import own_gpus  # all trials of this launcher run at once, and know nothing of each other

        with own_gpus(settings["trainer"]):
            return train(settings, words, going_on)
    except Exception as failure:
        if launcher != "basic":  # this process is not the one that reads `failures`
            raise
        failures.append(failure)
        return math.nan
    finally:
        _leave_group(environment)
        made = [directory, directory.parent] if directory.parent.name == config.name else [directory]
        for folder in made:
            if folder.is_dir() and not any(folder.iterdir()) and folder != Path.cwd():
                folder.rmdir()


def _goes_on(settings: dict[str, Any], directory: Path) -> bool:
    """Whether the run that the directory holds is to go on; its config must be the same unless that is forced."""
    choice = settings["resume"]
    if choice not in ("never", "auto", "force"):
        raise ValueError(f"resume={choice}: expected never, auto, or force to go on with another config")
    if choice == "never" or not (directory / "config.yaml").is_file():
        return False
    if choice == "auto":
        before = read_run(directory)
        refuse_changes(before, {**settings, "resume": before.get("resume", "never")})
    return True


def _leave_group(environment: dict[str, str]) -> None:
    """Undo what a DDP run leaves behind in its first process, so that the next trial of a sweep can start its own."""
    if "torch" in sys.modules:
        from torch import distributed

        if distributed.is_available() and distributed.is_initialized():
            distributed.destroy_process_group()
    os.environ.clear()
    os.environ.update(environment)


def _in_order(arguments: list[str]) -> list[str]:
    """Return the words with the flags that stand alone first: Hydra takes none between the overrides."""
    words, folder = split_config_dir(arguments)
    words, force = take_force(words)
    words += ["resume=force"] if force else []
    for word in words:
        if word.startswith("-") and word.partition("=")[0] not in FLAGS:
            raise ValueError(f"{word!r}: {unknown(word, FLAGS)}")
    first = [word for word in words if word in ("-m", "--multirun")]
    groups = {word.partition("=")[0]: word.partition("=")[2] for word in words}
    shown = any(word.partition("=")[0] in ("--cfg", "-c", "--info", "-i", "--help", "-h") for word in words)
    if not shown and (groups.get("sweep", "none") != "none" or groups.get("launcher", "local") != "local"):
        first = ["-m"]  # Hydra takes swept parameters on the command line only so, whatever the config says
    return [*_config_dir(folder), *first, *(word for word in words if word not in ("-m", "--multirun"))]


def _config_dir(folder: str | None) -> list[str]:
    return [] if folder is None else ["--config-dir", folder]


if __name__ == "__main__":
    from physml.cli.main import run

    run(main, sys.argv[1:], debug=False)
